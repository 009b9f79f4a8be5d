//! The replay of fixture events fails where it should.

use std::path::PathBuf;

use futures_util::FutureExt;
use serde_json::{Value, json};
use toolgate::testing;

use super::kit::service;

/// A separate folder for a test, with these files.
fn folder(name: &str, files: &[(&str, Value)]) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    for (name, content) in files {
        std::fs::write(folder.join(name), content.to_string()).unwrap();
    }
    folder
}

/// Whether the events of a folder produce the expected replies.
async fn holds(name: &str, files: &[(&str, Value)]) -> bool {
    let replay = testing::replay(folder(name, files), async |_: &str| service());
    std::panic::AssertUnwindSafe(replay).catch_unwind().await.is_ok()
}

fn hello() -> Value {
    json!({"toolName": "act", "toolInput": {"what": "hello"}})
}

#[tokio::test]
async fn replies_are_compared_as_json_with_any_text_where_it_says_so() {
    let reply = |text: Value| json!({"statusCode": 200, "body": {"text": text}});
    assert!(holds("same", &[("a.json", hello()), ("a.reply.json", reply(json!("hello")))]).await);
    assert!(holds("any", &[("a.json", hello()), ("a.reply.json", reply(json!("<any>")))]).await);
    let as_text = json!({"statusCode": 200, "body": "{\"text\": \"hello\"}"});
    assert!(holds("as_text", &[("a.json", hello()), ("a.reply.json", as_text)]).await);
    assert!(!holds("other", &[("a.json", hello()), ("a.reply.json", reply(json!("bye")))]).await);
    let any_status = json!({"statusCode": "<any>", "body": {"text": "hello"}});
    assert!(!holds("any_number", &[("a.json", hello()), ("a.reply.json", any_status)]).await);
    let more = json!({"statusCode": 200, "body": {"text": "hello"}, "more": 1});
    assert!(!holds("more", &[("a.json", hello()), ("a.reply.json", more)]).await);
    let less = json!({"statusCode": 200});
    assert!(!holds("less", &[("a.json", hello()), ("a.reply.json", less)]).await);
}

#[tokio::test]
async fn a_client_context_and_an_unknown_event_can_be_replayed() {
    let context = json!({"client": null, "custom": {"bedrockAgentCoreToolName": "kit___act", "o": {}}});
    let unknown = json!({"errorType": "Toolgate.UnknownEvent", "errorMessage": "<any>"});
    let files = [
        ("a.json", json!({"what": "hello"})),
        ("a.context.json", context),
        ("a.reply.json", json!({"text": "hello"})),
        ("b.json", json!({})),
        ("b.reply.json", unknown),
    ];
    assert!(holds("context", &files).await);
}

#[tokio::test]
async fn nothing_to_replay_is_a_failure() {
    assert!(!holds("empty", &[]).await);
    assert!(!holds("no_reply", &[("a.json", hello())]).await);
}
