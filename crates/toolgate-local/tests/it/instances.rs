//! Processes: their number, and the handling of one that fails.

use std::{collections::BTreeSet, time::Instant};

use serde_json::{Value, json};

use crate::support::{TEMPLATE, examples, folder, header, local, start};

#[tokio::test]
async fn a_process_that_ends_in_an_invocation_is_reported_and_replaced() {
    let agent = start(TEMPLATE).await;
    let reply = agent.invoke("Echo", json!({"do": "exit"})).await;
    assert_eq!((reply.status().as_u16(), header(&reply, "x-amz-function-error")), (200, Some("Unhandled")));
    let error: Value = reply.json().await.unwrap();
    assert_eq!(error["errorType"], "Runtime.ExitError");
    assert!(error["errorMessage"].as_str().unwrap().ends_with("Runtime exited with error: exit status 3"), "{error}");
    assert_eq!(agent.invoke("Echo", json!({})).await.status(), 200);
}

#[tokio::test]
async fn a_process_that_ends_between_invocations_is_not_noticed() {
    let agent = start(TEMPLATE).await;
    for _ in 0..20 {
        let reply = agent.invoke("Echo", json!({"then": "exit"})).await;
        assert_eq!(header(&reply, "x-amz-function-error"), None);
    }
}

#[tokio::test]
async fn an_invocation_over_its_time_is_ended() {
    let agent = start(TEMPLATE).await;
    let started = Instant::now();
    let reply = agent.invoke("Quick", json!({"sleep": 60_000})).await;
    assert!(started.elapsed().as_secs() < 5);
    assert_eq!(header(&reply, "x-amz-function-error"), Some("Unhandled"));
    let error: Value = reply.json().await.unwrap();
    assert!(error["errorMessage"].as_str().unwrap().ends_with("Task timed out after 1.00 seconds"), "{error}");
    assert_eq!(agent.invoke("Quick", json!({})).await.status(), 200);
}

#[tokio::test]
async fn busy_instances_get_company_up_to_the_limit() {
    let folder = folder(TEMPLATE);
    let running = local(&folder).instances(4).start().await.unwrap();
    let functions = running.functions().clone();
    assert_eq!(functions.report()[0].instances, 1, "one is kept warm");
    let calls = (0..32).map(|number| {
        let functions = functions.clone();
        async move {
            let event = json!({"sleep": 30, "number": number}).to_string();
            let done = functions.invoke("Echo", event.into(), None).await.unwrap();
            assert_eq!(done.function_error, None);
            let reply: Value = serde_json::from_slice(&done.payload).unwrap();
            assert_eq!(reply["event"]["number"], number, "every caller gets its own reply");
            reply["pid"].as_u64().unwrap()
        }
    });
    let pids: BTreeSet<u64> = futures_util::future::join_all(calls).await.into_iter().collect();
    assert!((2..=4).contains(&pids.len()), "{pids:?}");
    assert!(functions.report()[0].instances <= 4);
}

#[tokio::test]
async fn a_caller_that_hangs_up_costs_no_instance() {
    let folder = folder(TEMPLATE);
    let running = local(&folder).instances(1).start().await.unwrap();
    let functions = running.functions();
    let call = functions.invoke("Echo", r#"{"sleep": 300}"#.into(), None);
    assert!(tokio::time::timeout(std::time::Duration::from_millis(50), call).await.is_err());
    let next = functions.invoke("Echo", r#"{"number": 2}"#.into(), None).await.unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&next.payload).unwrap()["event"]["number"], 2);
}

#[tokio::test]
async fn a_function_that_was_built_anew_is_used_from_the_next_call_on() {
    let folder = folder(TEMPLATE);
    let program = folder.path().join(format!("echo_function{}", std::env::consts::EXE_SUFFIX));
    std::fs::copy(examples().join(program.file_name().unwrap()), &program).unwrap();
    let running = local(&folder).binaries(folder.path()).start().await.unwrap();
    let pid = async || {
        let done = running.functions().invoke("Echo", "{}".into(), None).await.unwrap();
        serde_json::from_slice::<Value>(&done.payload).unwrap()["pid"].clone()
    };
    let first = pid().await;
    assert_eq!(pid().await, first);
    let built = folder.path().join("built-anew");
    std::fs::copy(&program, &built).unwrap();
    std::fs::rename(&built, &program).unwrap();
    assert_ne!(pid().await, first);
}

#[tokio::test]
async fn no_process_outlives_the_local_agent() {
    let agent = start(TEMPLATE).await;
    let reply: Value = agent.invoke("Echo", json!({})).await.json().await.unwrap();
    let process = format!("/proc/{}", reply["pid"]);
    let watched = cfg!(target_os = "linux");
    assert!(!watched || std::path::Path::new(&process).exists());
    let functions = agent.running.functions().clone();
    let busy = tokio::spawn(async move { functions.invoke("Quick", r#"{"sleep": 900}"#.into(), None).await });
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    let functions = agent.running.functions().clone();
    agent.running.shutdown().await;
    assert!(busy.await.unwrap().is_err(), "a running invocation is given up");
    assert!(functions.report().iter().all(|function| function.instances == 0));
    // a killed process stays in the list until somebody has asked for its end, which a busy machine does late
    for _ in 0..100 {
        if !std::path::Path::new(&process).exists() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(!std::path::Path::new(&process).exists(), "{process}");
    assert!(functions.invoke("Echo", "{}".into(), None).await.is_err());
}

#[tokio::test]
async fn instances_that_nobody_needs_end_and_one_stays() {
    let folder = folder(TEMPLATE);
    let idle = std::time::Duration::from_millis(200);
    let running = local(&folder).instances(6).idle_instances(idle).start().await.unwrap();
    let functions = running.functions().clone();
    let calls = (0..6).map(|_| functions.invoke("Echo", r#"{"sleep": 50}"#.into(), None));
    assert!(futures_util::future::join_all(calls).await.iter().all(Result::is_ok));
    assert!(functions.report()[0].instances > 1);
    let ended = async {
        while functions.report()[0].instances != 1 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), ended).await.expect("the spare instances end");
    tokio::time::sleep(3 * idle).await;
    assert_eq!(functions.report()[0].instances, 1, "the last one stays warm");
}

#[tokio::test]
async fn a_lost_function_leaves_its_cause_in_the_log_once() {
    let folder = folder(TEMPLATE);
    let lines = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = lines.clone();
    let log = toolgate_local::lambda::Log::new(move |name, line| seen.lock().unwrap().push(format!("{name}: {line}")));
    let running = local(&folder).log(log).start().await.unwrap();
    for (name, event, cause) in [
        ("Echo", json!({"do": "exit"}), "exit status 3"),
        ("Quick", json!({"sleep": 60_000}), "Task timed out after 1.00 seconds"),
        ("Echo", json!({"size": 7_000_000}), "Response payload size exceeded"),
    ] {
        lines.lock().unwrap().clear();
        let done = running.functions().invoke(name, event.to_string().into(), None).await.unwrap();
        assert!(done.lost && done.function_error.is_some());
        let lines = lines.lock().unwrap().clone();
        let losses: Vec<&String> = lines.iter().filter(|line| line.contains("the function was lost")).collect();
        assert!(losses.len() == 1 && losses[0].contains(cause), "{cause}: {lines:?}");
    }
    lines.lock().unwrap().clear();
    let own = running.functions().invoke("Echo", r#"{"do": "fail"}"#.into(), None).await.unwrap();
    assert!(!own.lost && own.function_error.is_some(), "a function's own error is its own to log");
    assert!(lines.lock().unwrap().iter().all(|line| !line.contains("lost")));
}
