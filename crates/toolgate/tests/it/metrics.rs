//! The standard output of a handler's process: metrics that CloudWatch accepts, and that match the calls.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use toolgate::{Metrics, Unit, Wire};

use super::{
    emf,
    kit::{body, event},
    platform::{Function, example},
};

const ON: (&str, &str) = ("TOOLGATE_METRICS", "on");

/// One call of each kind of outcome, and the kind. The outcome of a once tool applies where the call has a session.
const CALLS: [(&str, &str, &str); 19] = [
    ("act", "hello", "ok"),
    ("take_order", "ORD-1", "ok"),
    ("act_once", "replay", "replayed"),
    ("no_such_tool", "x", "unknown tool"),
    ("take_order", "", "invalid"),
    ("act", "invalid", "invalid"),
    ("act", "refused", "refused"),
    ("update", "CUST-0", "refused"),
    ("act", "not found", "not found"),
    ("act", "conflict", "conflict"),
    ("act", "fatal", "conflict"),
    ("act", "in progress", "in progress"),
    ("act", "waiting for approval", "waiting for approval"),
    ("act", "too large", "too large"),
    ("act", "timed out", "timed out"),
    ("act", "internal", "internal"),
    ("act", "panic", "internal"),
    ("act", "replay", "internal"),
    ("act", "set identity", "internal"),
];

fn arguments(tool: &str, word: &str) -> Value {
    match tool {
        "take_order" => json!({"orderId": word}),
        "update" => json!({"customerId": word}),
        _ => json!({"what": word}),
    }
}

/// What the line of a refusal describes. scripts/offline/test_metrics.py holds the alarms and the dashboard of the template
/// against the same file.
fn golden() -> Value {
    serde_json::from_str(include_str!("metrics.json")).unwrap()
}

const ALL_WIRES: (&str, &str) = ("TOOLGATE_WIRES", "api,direct,function,gateway,mcp");

/// Calls a tool and returns the body of the reply.
fn call(function: &mut Function, wire: Wire, tool: &str, word: &str) -> Value {
    let call = event(wire, tool, arguments(tool, word));
    let context = call.client_context.map(|context| context.to_string());
    let post = function.invoke(context.as_deref(), &call.event.to_string());
    assert_eq!(post.what, "response");
    body(wire, &serde_json::from_str(&post.body).unwrap())
}

/// The metrics of a process after it has ended. Each line is checked, and its standard output must contain nothing
/// else.
fn lines(function: Function) -> Vec<Value> {
    let [stdout, _] = function.written();
    assert!(stdout.is_empty() || stdout.ends_with('\n'), "{stdout}");
    let read = |line: &str| {
        assert_eq!(emf::problems(line), Vec::<String>::new(), "{line}");
        serde_json::from_str(line).unwrap()
    };
    stdout.lines().map(read).collect()
}

fn sum(lines: &[Value], metric: &str) -> u64 {
    lines.iter().map(|line| line[metric].as_u64().unwrap()).sum()
}

#[test]
fn they_add_up_to_what_was_done() {
    let mut function = Function::start("probe", &[ON, ALL_WIRES]);
    let mut done: BTreeMap<String, u64> = BTreeMap::new();
    let (mut calls, mut dropped) = (0, 0);
    for (tool, word, expected) in CALLS {
        for wire in Wire::ALL {
            let body = call(&mut function, wire, tool, word);
            let kind = match body["error"]["kind"].as_str() {
                Some(kind) => kind,
                None if body["text"] == "the first reply" => "replayed",
                None => "ok",
            };
            // these two wires have neither session nor identity, so a repeat cannot be recognised
            let scoped = tool != "act_once" || !matches!(wire, Wire::Direct | Wire::Gateway);
            assert_eq!(kind, if scoped { expected } else { "refused" }, "{tool} {word} {wire}: {body}");
            calls += 1;
            *done.entry(kind.to_owned()).or_default() += 1;
            if tool == "take_order" && kind == "ok" {
                // `internalNote`, and `hidden` of two secrets
                dropped += 3;
            }
        }
    }
    // none of these events is a call
    for (context, event) in [(None, r#"{"hello":1}"#), (None, "{"), (Some("no JSON"), "{}")] {
        assert_eq!(function.invoke(context, event).what, "error");
    }
    let lines = lines(function);
    let of = |kinds: &[&str]| -> u64 { kinds.iter().filter_map(|kind| done.get(*kind)).sum() };
    assert_eq!(lines.len() as u64, calls);
    assert_eq!(sum(&lines, "AgentInvocations"), calls);
    assert_eq!(sum(&lines, "ToolInvocations"), calls - of(&["unknown tool"]));
    assert_eq!(sum(&lines, "ToolErrors"), of(&["internal", "timed out", "too large"]));
    let declined =
        ["invalid", "unknown tool", "refused", "not found", "conflict", "in progress", "waiting for approval"];
    assert_eq!(sum(&lines, "Refusals"), of(&declined));
    let successes = lines.iter().filter(|line| line["Success"] == "true").count() as u64;
    assert_eq!(successes, of(&["ok", "replayed"]));
    assert_eq!(calls, successes + sum(&lines, "ToolErrors") + sum(&lines, "Refusals"));
    assert_eq!(sum(&lines, "Replays"), of(&["replayed"]));
    assert_eq!(sum(&lines, "DroppedFields"), dropped);
    for line in &lines {
        let declined = line["ToolErrors"].as_u64().unwrap() + line["Refusals"].as_u64().unwrap();
        assert_eq!(line["Success"], if declined == 0 { "true" } else { "false" });
        assert!(line["Latency"].as_f64().unwrap() >= 0.0);
    }
}

#[test]
fn an_alarm_finds_all_calls_in_one_metric_and_a_dashboard_each_agent() {
    let mut function = Function::start("probe", &[ON]);
    for wire in Wire::ALL {
        call(&mut function, wire, "act", "hello");
        call(&mut function, wire, "act_once", "replay");
    }
    let lines = lines(function);
    for line in &lines {
        // two wires have neither session nor identity, so a once tool refuses them; a success has no gate
        let described = match line["Success"] == "true" {
            true => json!([golden()[0]]),
            false => golden(),
        };
        assert_eq!(line["_aws"]["CloudWatchMetrics"], described);
        assert_eq!(line["Gate"].is_null(), line["Success"] == "true");
        assert_eq!(line["IntentClass"], if line["Tool"] == "act_once" { "effects" } else { "kit" });
        let agent = if line["Wire"] == "function" || line["Wire"] == "api" { &json!("A") } else { &line["Wire"] };
        assert_eq!(line["AgentId"], *agent);
    }
    let ids: BTreeSet<_> = lines.iter().map(|line| line["RequestId"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), lines.len());
}

#[test]
fn a_refusal_names_its_gate_and_an_error_of_the_function_is_none() {
    let mut function = Function::start("probe", &[ON]);
    let calls = [
        ("no_such_tool", "x", "tool"),
        ("take_order", "", "types"),
        ("act", "refused", "none"),
        ("act_once", "hello", "once"),
    ];
    for (tool, word, _) in calls {
        call(&mut function, Wire::Direct, tool, word);
    }
    call(&mut function, Wire::Direct, "act", "internal");
    let mut lines = lines(function);
    let fault = lines.pop().unwrap();
    for (line, (tool, _, gate)) in lines.iter().zip(calls) {
        assert_eq!((&line["Gate"], &line["Refusals"]), (&json!(gate), &json!(1)), "{tool}");
        assert_eq!(line["_aws"]["CloudWatchMetrics"], golden(), "{tool}");
    }
    assert_eq!((lines.len(), &fault["ToolErrors"]), (calls.len(), &json!(1)));
    assert_eq!(fault["_aws"]["CloudWatchMetrics"], json!([golden()[0]]));
}

#[test]
fn a_functions_own_metrics_are_lines_that_cloudwatch_accepts() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let log = lines.clone();
    let metrics = Metrics::new("Shop/dev", move |line| log.lock().unwrap().push(line.to_owned()));
    metrics.write(&[("Sent", Unit::Count, 3), ("Age", Unit::Seconds, 0), ("Rating", Unit::None, u64::MAX)]);
    metrics.write(&[("Delay", Unit::Milliseconds, 7)]);
    Metrics::default().write(&[("Nothing", Unit::Count, 1)]);
    let lines = lines.lock().unwrap();
    assert_eq!(lines.len(), 2);
    for line in lines.iter() {
        assert_eq!(emf::problems(line), Vec::<String>::new(), "{line}");
        assert!(line.starts_with(r#"{"_aws":"#) && !line.contains('\n'), "{line}");
    }
    let line: Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!((&line["Sent"], &line["Age"], &line["Rating"]), (&json!(3), &json!(0), &json!(u64::MAX)));
}

#[test]
fn each_environment_can_have_a_namespace() {
    let mut function = Function::start("probe", &[ON, ("TOOLGATE_METRICS_NAMESPACE", "BedrockAgents/staging")]);
    call(&mut function, Wire::Function, "act", "hello");
    let [line] = lines(function).try_into().unwrap();
    assert_eq!(line["_aws"]["CloudWatchMetrics"][0]["Namespace"], "BedrockAgents/staging");
}

#[test]
fn nothing_that_a_caller_wrote_becomes_a_metric() {
    let mut function = Function::start("probe", &[ON]);
    let ids = ["Ada Lovelace", "ada@example.org", "ABCDEFGHIJK", "", "é", "a\nb", "a\"b"];
    for id in ids {
        let mut call = event(Wire::Function, "SECRET-TOOL", json!({"SECRET-NAME": "SECRET-VALUE"}));
        call.event["agent"] = json!({"name": "SECRET-AGENT", "id": id, "alias": "SECRET-ALIAS", "version": "1"});
        call.event["sessionId"] = "SECRET-SESSION".into();
        call.event["sessionAttributes"] = json!({"customerId": "SECRET-CUSTOMER", "SECRET": "SECRET"});
        call.event["inputText"] = "SECRET-TEXT".into();
        function.invoke(None, &call.event.to_string());
    }
    let mut call = event(Wire::Function, "act", json!({"what": "SECRET-VALUE"}));
    call.event.as_object_mut().unwrap().remove("agent");
    function.invoke(None, &call.event.to_string());
    let lines = lines(function);
    assert_eq!(lines.len(), ids.len() + 1);
    for line in &lines {
        assert_eq!(line["AgentId"], "unknown");
        assert!(!line.to_string().contains("SECRET"), "{line}");
    }
}

#[test]
fn a_wire_that_is_not_answered_is_a_refusal() {
    let mut function = Function::start("probe", &[ON, ("TOOLGATE_WIRES", "function")]);
    for wire in Wire::ALL {
        call(&mut function, wire, "act", "hello");
    }
    let lines = lines(function);
    assert_eq!(sum(&lines, "AgentInvocations"), 5);
    assert_eq!(sum(&lines, "ToolInvocations"), 5);
    assert_eq!(sum(&lines, "Refusals"), 4);
    assert_eq!(sum(&lines, "ToolErrors"), 0);
}

#[test]
fn they_are_on_where_it_is_lambda() {
    let lambda = ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand");
    // Lambda sets this variable for either log format
    let text = ("AWS_LAMBDA_LOG_FORMAT", "Text");
    let off = ("TOOLGATE_METRICS", "off");
    let cases: [(&[(&str, &str)], usize); 7] = [
        (&[], 0),
        (&[text], 0),
        (&[lambda], 1),
        (&[lambda, text], 1),
        (&[lambda, off], 0),
        (&[lambda, ("TOOLGATE_METRICS", "")], 1),
        (&[ON], 1),
    ];
    for (variables, expected) in cases {
        let mut function = Function::start("probe", variables);
        call(&mut function, Wire::Direct, "act", "hello");
        assert_eq!(lines(function).len(), expected, "{variables:?}");
    }
}

#[test]
fn a_switch_that_makes_no_sense_stops_the_start() {
    let mut function = Function::start("probe", &[("TOOLGATE_METRICS", "yes")]);
    let post = function.post();
    assert_eq!(post.what, "init/error");
    assert!(post.body.contains("TOOLGATE_METRICS must be `on` or `off`, not `yes`"), "{}", post.body);
    assert!(!function.wait());
}

#[test]
fn describe_writes_none() {
    let output = std::process::Command::new(example("probe")).arg("describe").envs([ON]).output().unwrap();
    let catalog: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(catalog["group"], "kit");
}
