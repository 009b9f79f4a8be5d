//! Middleware: its order, the data that it sees, and its limits.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use toolgate::{Call, Cx, Next, Outcome, Router, RouterBuilder, Service, Tool, ToolError, Wire, testing};
use validator::Validate;

/// The recorded events, in order.
type Diary = Arc<Mutex<Vec<String>>>;

/// Say something.
#[derive(Deserialize, JsonSchema, Validate)]
struct Say {
    /// What to say.
    #[validate(length(min = 1))]
    text: String,
    /// How often.
    #[expect(dead_code, reason = "steps look at it")]
    times: Option<i64>,
}

#[derive(Serialize, JsonSchema)]
struct Said {
    text: String,
    hidden: &'static str,
}

async fn say(cx: Cx<Diary>, input: Say) -> Result<Said, ToolError> {
    cx.state().lock().unwrap().push("tool".to_owned());
    if input.text == "fail" {
        return Err(ToolError::internal("SECRET"));
    }
    Ok(Said { text: input.text, hidden: "SECRET" })
}

fn note(call: &Call<Diary>, text: impl Into<String>) {
    call.cx().state().lock().unwrap().push(text.into());
}

async fn outer(call: Call<Diary>, next: Next<Diary>) -> Outcome {
    note(&call, format!("outer {} {}", call.tool(), Value::Object(call.input().clone())));
    let diary = call.cx().state().clone();
    let outcome = next.run(call).await;
    diary
        .lock()
        .unwrap()
        .push(format!("outer after {}", outcome.as_ref().map_or_else(|error| error.kind().as_str(), |_| "ok")));
    outcome
}

async fn inner(call: Call<Diary>, next: Next<Diary>) -> Outcome {
    note(&call, "inner");
    match call.input().get("text").and_then(Value::as_str) {
        Some("stop") => Err(ToolError::refused("not now")),
        Some("panic") => panic!("SECRET"),
        Some("sleep") => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            next.run(call).await
        }
        Some("answer") => Ok(json!({"text": "from a step\u{200b}", "hidden": "SECRET", "extra": "SECRET"})),
        _ => next.run(call).await,
    }
}

fn builder() -> RouterBuilder<Diary> {
    Router::builder().group("says").with(outer).with(inner).tool(
        Tool::new("say", say)
            .require(
                "no shouting",
                |_, input: &Say| if input.text == "SHOUT" { Err("do not shout".into()) } else { Ok(()) },
            )
            .expose(["text"]),
    )
}

fn says() -> (Service<Diary>, Diary) {
    let diary = Diary::default();
    (builder().build().unwrap().with_state(diary.clone()).wires(Wire::ALL), diary)
}

fn text(text: &str) -> Value {
    json!({"text": text, "times": 2})
}

#[tokio::test]
async fn steps_run_in_the_order_written_around_the_tool_on_every_wire() {
    for wire in Wire::ALL {
        let (service, diary) = says();
        testing::call(&service, "say", text("hello")).on(wire).await.assert_ok(json!({"text": "hello"}));
        let seen = diary.lock().unwrap().clone();
        let input = r#"outer say {"text":"hello","times":2}"#;
        assert_eq!(seen, [input, "inner", "tool", "outer after ok"], "{wire}");
    }
}

#[tokio::test]
async fn a_step_may_stop_a_call_and_sees_what_became_of_it() {
    let (service, diary) = says();
    let reply = testing::call(&service, "say", text("stop")).await;
    reply.assert_error("refused").assert_message_contains("not now");
    assert_eq!(diary.lock().unwrap().split_off(1), ["inner", "outer after refused"]);
    testing::call(&service, "say", text("fail")).await.assert_error("internal");
    assert_eq!(diary.lock().unwrap().last().unwrap(), "outer after internal");
}

#[tokio::test]
async fn steps_see_only_calls_that_may_be() {
    let (service, diary) = says();
    testing::call(&service, "say", json!({"text": ""})).await.assert_error("invalid");
    testing::call(&service, "say", text("SHOUT")).await.assert_error("refused");
    testing::call(&service, "no_such", text("x")).await.assert_error("unknown tool");
    assert!(diary.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_a_step_answers_passes_the_gates_after_it() {
    for wire in Wire::ALL {
        let (service, _) = says();
        let reply = testing::call(&service, "say", text("answer")).on(wire).await;
        reply.assert_ok(json!({"text": "from a step"}));
        assert!(!reply.raw().to_string().contains("SECRET"), "{wire}");
    }
}

#[tokio::test]
async fn a_step_that_panics_or_never_ends_is_answered_all_the_same() {
    let (service, _) = says();
    let reply = testing::call(&service, "say", text("panic")).await;
    reply.assert_error("internal");
    assert!(!reply.raw().to_string().contains("SECRET"));
    let reply = testing::call(&service, "say", text("sleep")).deadline(Duration::from_millis(200)).await;
    reply.assert_error("timed out");
}
