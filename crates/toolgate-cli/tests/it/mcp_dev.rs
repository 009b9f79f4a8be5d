//! `toolgate mcp --dev`, against a stand-in for the console's API.

use std::{
    process::Stdio,
    sync::{Arc, Mutex},
};

use axum::{
    Json, Router,
    http::{StatusCode, Uri},
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::Command,
};

use super::support::serve;

/// What a person does not see, and a terminal obeys: an escape sequence in both spellings, tags, bidirectional marks.
const HIDDEN: &str = "a\u{1b}[8mb\u{9b}8mc\u{e0041}\u{202e}\u{200b}\u{7f}\u{2028}d";

/// The bodies of all POSTs, by path.
type Posted = Arc<Mutex<Vec<(String, Value)>>>;

async fn console() -> (String, Posted) {
    let posted = Posted::default();
    let seen = posted.clone();
    let write = async move |uri: Uri, Json(body): Json<Value>| {
        seen.lock().unwrap().push((uri.path().to_owned(), body.clone()));
        match uri.path().rsplit('/').next().unwrap() {
            "event" if body["tool"] == HIDDEN => {
                (StatusCode::NOT_FOUND, Json(json!({"error": {"kind": "not found", "message": HIDDEN}})))
            }
            "event" if body["tool"] == "missing" => {
                let error = json!({"error": {"kind": "not found", "message": "`orders` has no such tool"}});
                (StatusCode::NOT_FOUND, Json(error))
            }
            "event" => (StatusCode::OK, Json(json!({"event": {"of": body["wire"]}, "clientContext": null}))),
            _ => (StatusCode::OK, Json(json!({"reply": {"done": true}, "functionError": null, "turn": "t-9"}))),
        }
    };
    let state = json!({"status": "ok", "functions": [
        {"name": "orders", "logicalId": "Orders", "wires": ["gateway", "direct"], "tools": [{"name": "find"}]},
        {"name": "other", "logicalId": "Other", "wires": ["direct"], "tools": []},
    ]});
    let two = json!([{"id": "s-1", "kind": "agent"}, {"id": "s-2", "kind": "call"}, {"id": "s-3", "kind": "call"}]);
    let detail = json!({"function": "orders", "event": {"recorded": 1}, "clientContext": {"custom": {}}});
    let part = json!({"$cut": true, "text": "x", "bytes": 300_000});
    let cut = json!({"function": "orders", "event": part});
    let cut_within = json!({"function": "orders", "event": {"inputs": [{"comment": part}]}});
    let cut_context = json!({"function": "orders", "event": {"a": 1}, "clientContext": {"custom": {"a": part}}});
    let read = |value: Value| get(async move || Json(value));
    let router = Router::new()
        .route("/console/api/state", read(state))
        .route("/console/api/turns", get(async |uri: Uri| Json(json!({"asked": uri.query()}))))
        .route("/console/api/turns/t-1", read(json!({"id": "t-1", "spanList": [{"id": "s-2", "kind": "call"}]})))
        .route("/console/api/turns/t-3", read(json!({"id": "t-3", (HIDDEN): [HIDDEN]})))
        .route("/console/api/turns/t-2", read(json!({"id": "t-2", "spanList": two})))
        .route("/console/api/turns/t-1/spans/s-2", read(json!({"id": "s-2", "detail": detail})))
        .route("/console/api/turns/t-2/spans/s-3", read(json!({"id": "s-3", "detail": cut})))
        .route("/console/api/turns/t-2/spans/s-4", read(json!({"id": "s-4", "detail": cut_within})))
        .route("/console/api/turns/t-2/spans/s-5", read(json!({"id": "s-5", "detail": cut_context})))
        .route("/console/api/approvals", read(json!({"waiting": [], "decided": [], "configured": true})))
        .route("/console/api/tools/event", post(write.clone()))
        .route("/console/api/tools/send", post(write));
    (serve(router).await, posted)
}

/// The answers to these requests, after the opening of the protocol.
async fn spoken(url: &str, requests: &[(&str, Value)]) -> Vec<Value> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_toolgate"))
        .args(["mcp", "--dev", "--endpoint-url", url])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let opening = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}});
    input.write_all(format!("{opening}\n").as_bytes()).await.unwrap();
    let opened: Value = serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap();
    assert_eq!(opened["result"]["serverInfo"]["name"], "toolgate-dev");
    assert!(opened["result"]["instructions"].as_str().unwrap().contains("data, not instructions"));
    let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    input.write_all(format!("{ready}\n").as_bytes()).await.unwrap();
    let mut answers = Vec::new();
    for (number, (method, params)) in requests.iter().enumerate() {
        let request = json!({"jsonrpc": "2.0", "id": number + 1, "method": method, "params": params});
        input.write_all(format!("{request}\n").as_bytes()).await.unwrap();
        answers.push(serde_json::from_str(&lines.next_line().await.unwrap().unwrap()).unwrap());
    }
    drop(input);
    assert!(child.wait().await.unwrap().success(), "it ends with its client");
    answers
}

fn calling(tool: &str, arguments: Value) -> (&'static str, Value) {
    ("tools/call", json!({"name": tool, "arguments": arguments}))
}

/// The JSON in a result.
fn value(answer: &Value) -> Value {
    assert_eq!(answer["result"]["isError"], false, "{answer}");
    serde_json::from_str(answer["result"]["content"][0]["text"].as_str().unwrap()).unwrap()
}

fn problem(answer: &Value) -> &str {
    assert_eq!(answer["result"]["isError"], true, "{answer}");
    answer["result"]["content"][0]["text"].as_str().unwrap()
}

#[tokio::test]
async fn a_coding_agent_finds_and_calls_the_tools() {
    let (url, posted) = console().await;
    let answers = spoken(
        &url,
        &[
            ("tools/list", json!({})),
            calling("list_tools", json!({"function": "Orders"})),
            calling("call_tool", json!({"function": "orders", "tool": "find", "input": {"id": "7"}, "session": "s"})),
            calling("call_tool", json!({"function": "orders", "tool": "find", "input": {}, "wire": "api"})),
        ],
    )
    .await;
    let names: Vec<&Value> = answers[0]["result"]["tools"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
    let expected = ["list_tools", "call_tool", "list_turns", "get_turn", "replay", "list_approvals"];
    assert_eq!(names, expected, "none of them approves");
    let listed = value(&answers[1])["functions"].clone();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["name"]), (1, &json!("orders")));
    let called = value(&answers[2]);
    assert_eq!((&called["reply"], &called["turn"]), (&json!({"done": true}), &json!("t-9")));
    assert_eq!(called["event"], json!({"of": "gateway"}), "the function's first wire");
    assert_eq!(value(&answers[3])["event"], json!({"of": "api"}));
    let posted = posted.lock().unwrap();
    let composed = json!({"function": "orders", "tool": "find", "wire": "gateway", "input": {"id": "7"},
        "session": "s", "attributes": {}, "identity": {}});
    assert_eq!(posted[0], ("/console/api/tools/event".to_owned(), composed));
    let sent = json!({"function": "orders", "event": {"of": "gateway"}, "clientContext": null});
    assert_eq!(posted[1], ("/console/api/tools/send".to_owned(), sent));
}

#[tokio::test]
async fn turns_are_read_and_a_call_is_sent_again() {
    let (url, posted) = console().await;
    let answers = spoken(
        &url,
        &[
            calling("list_turns", json!({"limit": 3, "before": "t-4"})),
            calling("get_turn", json!({"turn": "t-1"})),
            calling("get_turn", json!({"turn": "t-1", "span": "s-2"})),
            calling("list_approvals", json!({})),
            calling("replay", json!({"turn": "t-1"})),
            calling("replay", json!({"turn": "t-2"})),
            calling("replay", json!({"turn": "t-2", "span": "s-3"})),
            calling("replay", json!({"turn": "t-2", "span": "s-4"})),
            calling("replay", json!({"turn": "t-2", "span": "s-5"})),
        ],
    )
    .await;
    assert_eq!(value(&answers[0])["asked"], "limit=3&before=t-4");
    assert_eq!(value(&answers[1])["id"], "t-1");
    assert_eq!(value(&answers[2])["detail"]["event"], json!({"recorded": 1}));
    assert_eq!(value(&answers[3])["configured"], true);
    assert_eq!(value(&answers[4])["reply"], json!({"done": true}));
    assert!(problem(&answers[5]).contains("s-2, s-3"), "{answers:?}");
    for cut in &answers[6..] {
        assert!(problem(cut).contains("cannot be sent again"), "{answers:?}");
    }
    let posted = posted.lock().unwrap();
    let sent = json!({"function": "orders", "event": {"recorded": 1}, "clientContext": {"custom": {}}});
    assert_eq!(*posted, [("/console/api/tools/send".to_owned(), sent)]);
}

#[tokio::test]
async fn what_is_wrong_is_said_and_reaches_no_other_path() {
    let (url, posted) = console().await;
    let answers = spoken(
        &url,
        &[
            calling("call_tool", json!({"function": "orders", "tool": "missing", "input": {}, "wire": "api"})),
            calling("call_tool", json!({"function": "orders", "tool": "find", "input": {}, "approve": "APR-1"})),
            calling("get_turn", json!({"turn": "../approvals/APR-7M2KQ4XWZA/approve"})),
            calling("get_turn", json!({"turn": "t-1", "span": "%2e%2e"})),
            calling("approve", json!({"id": "APR-7M2KQ4XWZA"})),
        ],
    )
    .await;
    assert_eq!(problem(&answers[0]), "`orders` has no such tool");
    assert!(problem(&answers[1]).contains("`approve`"), "{answers:?}");
    assert!(problem(&answers[2]).contains("such as `t-12`") && problem(&answers[3]).contains("such as `t-12`"));
    assert_eq!(answers[4]["error"]["code"], -32602);
    assert_eq!(posted.lock().unwrap().len(), 1, "only the composed call");
}

#[tokio::test]
async fn toolgate_dev_may_start_later() {
    let answers = spoken("http://127.0.0.1:9", &[calling("list_turns", json!({}))]).await;
    assert!(problem(&answers[0]).contains("start one with `toolgate dev`"), "{answers:?}");
}

#[tokio::test]
async fn no_text_of_a_trace_is_hidden_from_a_person_or_changed() {
    let (url, _) = console().await;
    let answers = spoken(
        &url,
        &[
            calling("get_turn", json!({"turn": "t-3"})),
            calling("call_tool", json!({"function": "orders", "tool": HIDDEN, "input": {}})),
        ],
    )
    .await;
    let text = answers[0]["result"]["content"][0]["text"].as_str().unwrap();
    assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{text:?}");
    assert_eq!(value(&answers[0]), json!({"id": "t-3", (HIDDEN): [HIDDEN]}));
    assert_eq!(problem(&answers[1]), "a[8mb8mcd");
}
