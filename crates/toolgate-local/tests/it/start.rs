//! The start, and the errors that prevent it.

use serde_json::{Value, json};

use crate::support::{TEMPLATE, folder, local, seeded, start};

#[tokio::test]
async fn health_tells_what_there_is() {
    let agent = start(TEMPLATE).await;
    let response = agent.http.get(agent.url("/health")).send().await.unwrap();
    assert_eq!(response.status(), 200);
    let health: Value = response.json().await.unwrap();
    assert_eq!(health["status"], "ok");
    assert_eq!(health["endpoint"], agent.running.url());
    assert_eq!(health["functions"][0], json!({"name": "echo_function", "logicalId": "Echo", "instances": 1}));
    assert_eq!(health["tools"][0]["name"], "echo");
    assert_eq!(health["tables"][0], json!({"name": "Data", "logicalId": "Data", "role": null, "items": 0}));
}

#[tokio::test]
async fn a_port_that_is_taken_says_so() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let folder = folder(TEMPLATE);
    let error = local(&folder).port(port).start().await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("port {port} is in use")) && error.contains("`--port`"), "{error}");
}

#[tokio::test]
async fn a_function_that_cannot_start_says_why() {
    for (role, reason) in [("exits-at-start", "exit status 5"), ("reports-at-start", "no TABLE is set")] {
        let folder = folder(TEMPLATE);
        let error = local(&folder).variable("ECHO_ROLE", role).start().await.unwrap_err().to_string();
        assert!(error.contains("the function `echo_function` does not start: "), "{error}");
        assert!(error.contains(reason), "{error}");
    }
}

#[tokio::test]
async fn a_binary_that_is_not_built_names_the_command() {
    let folder = folder(&TEMPLATE.replace("Binary: echo_function", "Binary: not-there"));
    let error = local(&folder).start().await.unwrap_err().to_string();
    assert!(error.contains("run `cargo build --bin not-there`"), "{error}");
}

#[tokio::test]
async fn the_database_alone_needs_no_function() {
    let folder = folder(&TEMPLATE.replace("Binary: echo_function", "Binary: not-there"));
    let running = local(&folder).only_database(true).start().await.unwrap();
    assert_eq!(running.health()["functions"], json!([]));
    assert_eq!(running.health()["tables"][0]["name"], "Data");
    assert_eq!(running.template_functions()[0].environment["TABLE"], "Data", "for whoever runs them elsewhere");
}

#[tokio::test]
async fn until_it_is_ready_nothing_answers_but_health_and_the_tables() {
    let agents = "  Boss:\n    Type: AWS::Bedrock::Agent\n    Properties: {FoundationModel: m, Instruction: i}\n";
    let door =
        "  Door:\n    Type: AWS::BedrockAgentCore::Gateway\n    Properties: {Name: door, AuthorizerType: NONE}\n";
    let folder = folder(&format!("{}{agents}{door}", seeded("slow-seed")));
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let model = "openai:http://127.0.0.1:9/v1#none";
    let starting = tokio::spawn(local(&folder).port(port).model(model).start());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = |path: &str| format!("http://127.0.0.1:{port}{path}");
    let health = loop {
        match http.get(url("/health")).send().await {
            Ok(answer) => break answer,
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
        }
    };
    assert_eq!(health.status(), 503);
    let invoke_agent = "/agents/Boss/agentAliases/TSTALIASID/sessions/s1/text";
    let mcp = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    for (path, body) in [
        ("/2015-03-31/functions/Echo/invocations", json!({})),
        (invoke_agent, json!({"inputText": "hi"})),
        ("/agents/", json!({})),
        ("/mcp", mcp),
    ] {
        let answer = http.post(url(path)).json(&body).send().await.unwrap();
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()["retry-after"]),
            (503, &"1".parse().unwrap()),
            "{path}"
        );
        let body: Value = answer.json().await.unwrap();
        let message = if path == "/mcp" { &body["error"]["message"] } else { &body["message"] };
        assert!(message.as_str().unwrap().contains("is starting"), "{body}");
        assert_eq!(path == "/mcp", body["jsonrpc"] == "2.0");
    }
    let tables = http.post(url("/")).header("x-amz-target", "DynamoDB_20120810.ListTables");
    let tables = tables.header("content-type", "application/x-amz-json-1.0").header(
        "authorization",
        "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0",
    );
    let tables = tables.header("x-amz-date", "20260101T000000Z").body("{}").send().await.unwrap();
    assert_eq!(tables.status(), 200);
    assert!(!starting.is_finished(), "all of it was while the tables were being filled");
    let running = starting.await.unwrap().unwrap();
    let reply = http.post(url("/2015-03-31/functions/Echo/invocations")).json(&json!({})).send().await.unwrap();
    assert_eq!(reply.status(), 200);
    running.shutdown().await;
}

#[tokio::test]
async fn functions_and_tables_need_no_model() {
    let agents = "  Boss:\n    Type: AWS::Bedrock::Agent\n    Properties: {FoundationModel: m, Instruction: i}\n";
    let folder = folder(&format!("{TEMPLATE}{agents}"));
    assert!(local(&folder).start().await.unwrap_err().to_string().contains("the agents need a model"));
    let running = local(&folder).model("none").start().await.unwrap();
    assert_eq!((running.health()["agents"].clone(), running.health()["model"].clone()), (json!([]), Value::Null));
    let error = local(&folder).model("none").model("script:x").start().await.unwrap_err().to_string();
    assert!(error.contains("two models are chosen"), "{error}");
}

#[tokio::test]
async fn a_function_that_is_not_run_is_named() {
    let other = "  Other:\n    Type: AWS::Serverless::Function\n    Properties: {Runtime: python3.13}\n";
    let lines = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = lines.clone();
    let log = toolgate_local::lambda::Log::new(move |_, line| seen.lock().unwrap().push(line.to_owned()));
    let folder = folder(&format!("{TEMPLATE}{other}"));
    local(&folder).log(log).start().await.unwrap();
    let lines = lines.lock().unwrap();
    assert!(lines.iter().any(|line| line.contains("the function `Other` is not run here")), "{lines:?}");
}

#[tokio::test]
async fn a_program_of_another_group_is_refused_with_its_path() {
    let folder = folder(&TEMPLATE.replace("Binary: echo_function", "Binary: orders"));
    let program = format!("orders{}", std::env::consts::EXE_SUFFIX);
    let echo = crate::support::examples().join(format!("echo_function{}", std::env::consts::EXE_SUFFIX));
    std::fs::copy(echo, folder.path().join(&program)).unwrap();
    let error = local(&folder).binaries(folder.path()).start().await.unwrap_err().to_string();
    assert!(error.contains("describes the group `echo_function`") && error.contains(&program), "{error}");
}
