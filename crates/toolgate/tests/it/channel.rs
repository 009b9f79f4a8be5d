//! How the values of a call leave the function: only in the reply to a Runtime API that asked for them.

use proptest::prelude::*;
use serde_json::{Value, json};
use toolgate::Wire;

use super::{
    kit::{self, Event, event, send},
    platform::{Function, Post},
    properties::run,
};

const ASKED: &[u8] = b"toolgate-trace: 1";
const TRACED: &str = "application/vnd.toolgate.traced";
const DEADLINE: &[u8] = b"lambda-runtime-deadline-ms: 33000000000000";
const CANARY: &str = "CANARY-7F3A";

fn function() -> Function {
    Function::start("probe", &[("TOOLGATE_WIRES", "function,api,gateway,direct,mcp"), ("TOOLGATE_METRICS", "on")])
}

fn invoke(function: &mut Function, event: &Event, headers: &[&[u8]]) -> Post {
    let context = event.client_context.as_ref().map(|context| format!("lambda-runtime-client-context: {context}"));
    let mut all = vec![DEADLINE];
    all.extend(context.as_ref().map(|context| context.as_bytes()));
    all.extend(headers);
    function.invoke_raw(&all, &event.event.to_string())
}

/// The reply and the trace of an invocation that asked for it.
fn traced(function: &mut Function, event: &Event) -> (String, Value) {
    let post = invoke(function, event, &[ASKED]);
    assert_eq!((post.what.as_str(), post.content_type.as_deref()), ("response", Some(TRACED)), "{post:?}");
    let (reply, trace) = post.body.split_once('\n').unwrap();
    (reply.to_owned(), serde_json::from_str(trace).unwrap())
}

/// The reply of a service in this process.
fn reply(event: &Event) -> String {
    run(send(&kit::service(), event)).to_string()
}

#[test]
fn a_runtime_api_that_asks_gets_all_gates_and_values() {
    let mut function = function();
    let sent = json!({"orderId": "O-1", "quantity": "3", "password": "1234"});
    for wire in Wire::ALL {
        let event = event(wire, "take_order", sent.clone());
        let (reply_line, trace) = traced(&mut function, &event);
        assert_eq!(reply_line, reply(&event), "{wire}");
        assert_eq!((trace["tool"].as_str(), trace["wire"].as_str()), (Some("take_order"), Some(wire.name())));
        let gates: Vec<&str> = trace["gates"].as_array().unwrap().iter().filter_map(|g| g["gate"].as_str()).collect();
        assert!(gates.starts_with(&["wire", "tool", "fields in", "types"]) && gates.ends_with(&["fields out", "size"]));
        let secret = "(secret, not shown)";
        assert_eq!(trace["input"]["sent"], json!({"orderId": "O-1", "quantity": "3", "password": secret}));
        assert_eq!(trace["input"]["understood"], json!({"orderId": "O-1", "quantity": 3, "password": secret}));
        assert_eq!(trace["output"]["made"]["internal_note"], Value::Null);
        assert_eq!(trace["output"]["made"]["internalNote"], "SECRET-0");
        assert_eq!(trace["output"]["exposed"]["quantity"], 3);
        assert_eq!(trace["output"]["dropped"], json!(["internalNote", "secrets[].hidden"]));
        assert_eq!(trace["error"], Value::Null);
    }
    assert!(!function.log().contains("O-1"));
}

#[test]
fn a_call_that_is_stopped_has_the_values_until_there() {
    let mut function = function();
    let (_, trace) = traced(&mut function, &event(Wire::Direct, "take_order", json!({"quantity": "nine"})));
    assert_eq!((&trace["input"]["sent"], &trace["input"]["understood"]), (&json!({"quantity": "nine"}), &Value::Null));
    assert_eq!((&trace["error"]["kind"], &trace["output"]["made"]), (&json!("invalid"), &Value::Null));
    assert_eq!(trace["error"]["problems"].as_array().unwrap().len(), 2);
    let stopped = trace["gates"].as_array().unwrap().iter().find(|gate| gate["verdict"] == "stopped").unwrap();
    assert_eq!(
        (&stopped["gate"], &stopped["verdict"], &stopped["kind"]),
        (&json!("types"), &json!("stopped"), &json!("invalid"))
    );
    let (_, trace) = traced(&mut function, &event(Wire::Direct, "no_such_tool", json!({"a": 1})));
    assert_eq!((&trace["tool"], &trace["error"]["kind"]), (&Value::Null, &json!("unknown tool")));
    let (_, trace) = traced(&mut function, &event(Wire::Direct, "act", json!({"what": "panic"})));
    assert_eq!(
        (&trace["error"]["kind"], &trace["input"]["understood"]),
        (&json!("internal"), &json!({"what": "panic"}))
    );
    let run = trace["gates"].as_array().unwrap().iter().find(|gate| gate["gate"] == "run").unwrap();
    assert_eq!(run["verdict"], "interrupted");
}

#[test]
fn what_is_large_is_cut_and_what_is_too_large_has_its_gates_only() {
    let mut function = function();
    let long = "é".repeat(200_000);
    let large = event(Wire::Direct, "act", json!({"what": long}));
    let (reply_line, trace) = traced(&mut function, &large);
    assert_eq!(reply_line, reply(&large));
    let cut = &trace["input"]["sent"]["what"];
    assert_eq!((&cut["$cut"], &cut["bytes"]), (&json!(true), &json!(400_000)));
    assert_eq!(cut["text"].as_str().unwrap().len(), 256 * 1024);
    let many: Vec<String> = (0..900).map(|_| "x".repeat(5_000)).collect();
    let (_, trace) = traced(&mut function, &event(Wire::Direct, "take_order", json!({"orderId": "O", "tags": many})));
    assert_eq!((trace.get("input"), trace.get("output")), (None, None));
    assert!(trace["gates"].as_array().unwrap().len() > 4);
    // an error has no limit of its own; a trace must not make the reply larger than Lambda takes
    let refused = event(Wire::Direct, "act", json!({"what": "a large refusal"}));
    let post = invoke(&mut function, &refused, &[ASKED]);
    assert_ne!(post.content_type.as_deref(), Some(TRACED));
    assert_eq!(post.body, reply(&refused));
    // quotes double their size as JSON text
    let many: Vec<String> = (0..900).map(|_| "\u{1}".repeat(1_000)).collect();
    let (_, trace) = traced(&mut function, &event(Wire::Direct, "take_order", json!({"orderId": "O", "tags": many})));
    assert_eq!(trace.get("input"), None);
}

#[test]
fn what_is_not_a_call_is_answered_as_ever() {
    let mut function = function();
    let list = Event { wire: Wire::Mcp, event: kit::http(&kit::rpc("tools/list", json!({}))), client_context: None };
    let unknown = Event { wire: Wire::Direct, event: json!({"no": "event"}), client_context: None };
    for event in [list, unknown] {
        let (asked, other) = (invoke(&mut function, &event, &[ASKED]), invoke(&mut function, &event, &[]));
        assert_eq!((asked.what, asked.body), (other.what, other.body));
        assert_ne!(asked.content_type.as_deref(), Some(TRACED));
    }
}

#[test]
fn a_layer_around_the_service_does_not_hide_the_trace() {
    let mut function = Function::start("probe", &[("PROBE_LAYER", "1")]);
    let (_, trace) = traced(&mut function, &event(Wire::Direct, "act", json!({"what": "hello"})));
    assert_eq!(trace["output"]["exposed"], json!({"text": "hello"}));
    let panics = Event { event: json!({"panicIn": "future"}), ..event(Wire::Direct, "act", json!({})) };
    assert_eq!(invoke(&mut function, &panics, &[ASKED]).error_type.as_deref(), Some("Toolgate.Panic"));
    let (_, trace) = traced(&mut function, &event(Wire::Direct, "act", json!({"what": "hello"})));
    assert_eq!(trace["tool"], "act");
}

/// The same event with the header wherever a caller can write one.
fn with_header_everywhere(mut event: Event) -> Event {
    let header = json!({"Toolgate-Trace": "1", "toolgate-trace": "1"});
    if let Some(context) = &mut event.client_context {
        context["custom"]["toolgate-trace"] = "1".into();
        context["custom"]["bedrockAgentCorePropagatedHeaders"] = header;
        context["env"] = json!({"Toolgate-Trace": "1"});
    } else if event.event.get("headers").is_some() {
        event.event["headers"]["toolgate-trace"] = "1".into();
        event.event["multiValueHeaders"] = json!({"Toolgate-Trace": ["1"]});
    } else {
        event.event["Toolgate-Trace"] = "1".into();
        event.event["headers"] = header;
    }
    event
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn no_caller_gets_a_trace_and_no_value_is_anywhere_else(
        word in "[a-z\"\\\\\u{e9}]{0,12}",
        tool in prop::sample::select(&["act", "act_once", "act_confirmed", "take_order", "update"][..]),
    ) {
        let mut function = function();
        let arguments = json!({"what": format!("{word}{CANARY}"), "orderId": CANARY, "customerId": CANARY});
        for wire in Wire::ALL {
            let mut arguments = arguments.clone();
            let own = match tool { "take_order" => "orderId", "update" => "customerId", _ => "what" };
            arguments.as_object_mut().unwrap().retain(|name, _| name == own);
            let event = event(wire, tool, arguments);
            let plain = invoke(&mut function, &event, &[]);
            let expected = reply(&event);
            prop_assert_eq!(&plain.body, &expected);
            prop_assert_ne!(plain.content_type.as_deref(), Some(TRACED));
            let by_caller = invoke(&mut function, &with_header_everywhere(event.clone()), &[]);
            prop_assert_eq!(&by_caller.body, &expected);
            let odd = invoke(&mut function, &event, &[b"toolgate-trace: 2"]);
            prop_assert_eq!(&odd.body, &expected);
            prop_assert_eq!(&traced(&mut function, &event).0, &expected);
        }
        let [out, log] = function.written();
        prop_assert!(!out.contains(CANARY) && !log.contains(CANARY), "{} {}", out, log);
        prop_assert!(out.contains("_aws") && log.contains("outcome"));
    }
}
