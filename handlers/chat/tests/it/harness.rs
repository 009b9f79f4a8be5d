//! An AgentCore harness behind the front door: requests, events and stop reasons.

use chat::{
    event::{Answer, What},
    session::Session,
};
use serde_json::{Value, json};

use crate::{
    desk::{Desk, session, turn, with_token},
    fake::{Frame, Reply, throttled},
};

const GATEWAY: &str = "https://gateway.example/mcp";

fn event(kind: &'static str, members: Value) -> Frame {
    Frame::Event(kind, members)
}

/// A message of the model: its blocks, its stop reason, its tokens.
fn message(blocks: &[Value], stop: &str, usage: Value) -> Vec<Frame> {
    let mut frames = vec![event("messageStart", json!({"role": "assistant"}))];
    frames.extend(content(blocks));
    frames.push(event("messageStop", json!({"stopReason": stop})));
    frames.push(event("metadata", json!({"usage": usage, "metrics": {"latencyMs": 3}})));
    frames
}

/// A message with the results of calls.
fn results(blocks: &[Value]) -> Vec<Frame> {
    let mut frames = vec![event("messageStart", json!({"role": "user"}))];
    frames.extend(content(blocks));
    frames.push(event("messageStop", json!({"stopReason": "tool_result"})));
    frames
}

fn content(blocks: &[Value]) -> Vec<Frame> {
    let mut frames = Vec::new();
    for (index, block) in blocks.iter().enumerate() {
        if let Some(start) = block.get("start") {
            frames.push(event("contentBlockStart", json!({"contentBlockIndex": index, "start": start})));
        }
        for delta in block["deltas"].as_array().unwrap() {
            frames.push(event("contentBlockDelta", json!({"contentBlockIndex": index, "delta": delta})));
        }
        frames.push(event("contentBlockStop", json!({"contentBlockIndex": index})));
    }
    frames
}

fn text(text: &str) -> Value {
    json!({"deltas": [{"text": text}]})
}

fn call(id: &str, tool: &str, input: &str) -> Value {
    let (head, tail) = input.split_at(input.len() / 2);
    json!({
        "start": {"toolUse": {"toolUseId": id, "name": tool, "type": "mcp_tool_use", "serverName": "desk"}},
        "deltas": [{"toolUse": {"input": head}}, {"toolUse": {"input": tail}}],
    })
}

fn result(id: &str, status: &str, text: &str) -> Value {
    json!({"start": {"toolResult": {"toolUseId": id, "status": status}}, "deltas": [{"toolResult": [{"text": text}]}]})
}

fn usage(input: u64, output: u64) -> Value {
    json!({"inputTokens": input, "outputTokens": output, "totalTokens": input + output})
}

fn answered() -> Reply {
    Reply::Stream(message(&[text("done")], "end_turn", usage(10, 1)))
}

#[tokio::test]
async fn a_customers_token_goes_on_to_the_gateway_and_replaces_the_harnesss_own_tools() {
    let desk = Desk::harness([answered()], Some(GATEWAY)).await;
    assert_eq!(desk.take(with_token("s")).await.answer(), "done");
    let asked = &desk.fake.asked()[0];
    assert!(asked.uri.starts_with("/harnesses/invoke?harnessArn=arn") && asked.uri.ends_with("&qualifier=live"));
    assert_eq!(asked.session, session("s").id());
    let remote = json!({"url": GATEWAY, "headers": {"Authorization": "Bearer header.payload.signature"}});
    assert_eq!(
        asked.body,
        json!({
            "messages": [{"role": "user", "content": [{"text": "hello"}]}],
            "tools": [{"type": "remote_mcp", "name": "desk", "config": {"remoteMcp": remote}}],
            "allowedTools": ["@desk"],
            "maxTokens": 4_000,
            "timeoutSeconds": 120,
            "actorId": session("s").actor(),
        })
    );
}

#[tokio::test]
async fn without_a_token_the_harness_has_its_own_tools() {
    let desk = Desk::harness([answered()], Some(GATEWAY)).await;
    desk.say("s").await;
    let body = desk.fake.asked()[0].body.clone();
    assert!(body.get("tools").is_none() && body.get("allowedTools").is_none(), "{body}");
}

#[tokio::test]
async fn a_token_without_a_gateway_never_falls_back_to_the_harnesss_own_tools() {
    let desk = Desk::harness([answered()], None).await;
    let read = desk.take(with_token("s")).await;
    assert!(read.part("error")["errorText"].as_str().unwrap().contains("nothing has begun"));
    assert!(desk.fake.asked().is_empty() && read.counts.cost_micros == 0);
}

#[tokio::test]
async fn events_become_text_calls_and_replies() {
    let parked = r#"{"error": {"kind": "waiting for approval", "message": "it waits as `APR-7M2KQ4XWZA`"}}"#;
    let calls = [text("I look."), call("t1", "orders___get_order", r#"{"orderId":"é 1"}"#), call("t2", "x___pay", "")];
    let cached = json!({
        "inputTokens": 100, "outputTokens": 10, "totalTokens": 110,
        "cacheReadInputTokens": 50, "cacheWriteInputTokens": 7,
    });
    let mut frames = message(&calls, "tool_use", cached);
    frames.extend(results(&[
        text("not of the model"),
        result("t2", "error", parked),
        result("t1", "success", r#"{"state":"sent"}"#),
        result("t9", "success", "of no call"),
    ]));
    frames.extend(message(&[text("It is sent.")], "end_turn", usage(200, 20)));
    let desk = Desk::harness([Reply::Stream(frames)], None).await;
    let read = desk.say("s").await;
    let kinds = read.kinds();
    assert_eq!(
        kinds,
        [
            "start",
            "data-session",
            "text-start",
            "text-delta",
            "text-end",
            "tool-input-available",
            "tool-input-available",
            "tool-output-error",
            "data-approval",
            "tool-output-available",
            "text-start",
            "text-delta",
            "text-end",
            "data-budget",
            "finish",
        ]
    );
    let calls = read.all("tool-input-available");
    assert_eq!((&calls[0]["toolName"], &calls[0]["input"]), (&json!("get_order"), &json!({"orderId": "é 1"})));
    assert_eq!((&calls[1]["toolName"], &calls[1]["input"]), (&json!("pay"), &json!({})));
    assert_eq!(read.part("tool-output-available")["toolCallId"], calls[0]["toolCallId"]);
    assert_eq!(read.part("data-approval")["data"]["tool"], "pay");
    assert_eq!(read.answer(), "I look.It is sent.");
    // what the cache reads costs as much as other input without a price of its own, what it writes twice as much
    assert_eq!(read.counts.cost_micros, 100 + 50 + 2 * 7 + 10 * 10 + 200 + 20 * 10);
}

#[tokio::test]
async fn ids_of_calls_are_not_those_of_the_service_which_may_come_again() {
    let mut frames = message(&[call("t1", "a___b", "{}")], "tool_use", usage(1, 1));
    frames.extend(results(&[result("t1", "success", "1")]));
    frames.extend(message(&[call("t1", "a___b", "{}")], "tool_use", usage(1, 1)));
    frames.extend(results(&[result("t1", "success", "2")]));
    frames.extend(message(&[text("done")], "end_turn", usage(1, 1)));
    let desk = Desk::harness([Reply::Stream(frames)], None).await;
    let read = desk.say("s").await;
    let calls = read.all("tool-input-available");
    assert_ne!(calls[0]["toolCallId"], calls[1]["toolCallId"]);
    assert_eq!(read.all("tool-output-available")[1]["toolCallId"], calls[1]["toolCallId"]);
}

#[tokio::test]
async fn each_stop_reason_is_a_sentence_and_its_costs_are_known_or_the_bound() {
    let known = 10 + 10;
    for (stop, expected, cost) in [
        ("max_tokens", "the answer has reached its length limit", known),
        ("max_output_tokens_exceeded", "the answer has reached its length limit", known),
        ("max_iterations_exceeded", "the turn has reached its limit of steps", known),
        ("model_context_window_exceeded", "this conversation has become too long", known),
        ("hook_stopped", "a rule of this application has ended the turn", known),
        ("content_filtered", "a filter has stopped the answer", known),
        ("malformed_tool_use", "the assistant wrote what cannot be read", known),
        ("tool_use", "the assistant asks for something", known),
        ("timeout_exceeded", "the turn has reached its time limit", 5_000),
        ("interrupted", "the assistant has stopped early", 5_000),
        ("a_new_reason", "the assistant has stopped early", 5_000),
    ] {
        let desk = Desk::harness([Reply::Stream(message(&[text("I")], stop, usage(10, 1)))], None).await;
        let read = desk.say("s").await;
        let text = read.part("error")["errorText"].as_str().unwrap();
        assert!(text.starts_with(expected), "{stop}: {text}");
        assert_eq!((read.counts.cost_micros, read.counts.is_error), (cost, true), "{stop}");
    }
}

#[tokio::test]
async fn the_message_of_a_guardrail_is_an_answer() {
    let frames = message(&[text("I cannot answer that.")], "guardrail_intervened", usage(10, 1));
    let desk = Desk::harness([Reply::Stream(frames)], None).await;
    let read = desk.say("s").await;
    assert_eq!(read.all("error"), Vec::<&Value>::new());
    assert_eq!(read.part("text-delta")["delta"], "I cannot answer that.");
    assert_eq!((read.counts.cost_micros, read.counts.is_error), (20, false));
}

#[tokio::test]
async fn costs_are_known_only_if_the_last_message_has_reported_them() {
    let first = || message(&[call("t1", "a___b", "{}")], "tool_use", usage(10, 1));
    let last = || message(&[text("done")], "end_turn", usage(20, 2));
    let without = |mut frames: Vec<Frame>| {
        frames.pop();
        frames
    };
    let negative =
        message(&[text("done")], "end_turn", json!({"inputTokens": -5, "outputTokens": 1, "totalTokens": 1}));
    for (name, messages, cost) in [
        ("after each message", [first(), last()], 60),
        ("once, at the end", [without(first()), last()], 40),
        ("not at the end", [first(), without(last())], 5_000),
        ("never", [without(first()), without(last())], 5_000),
        ("below zero", [first(), negative], 5_000),
    ] {
        let desk = Desk::harness([Reply::Stream(messages.concat())], None).await;
        assert_eq!(desk.say("s").await.counts.cost_micros, cost, "{name}");
    }
}

#[tokio::test]
async fn a_hook_that_refuses_the_invocation_costs_nothing() {
    let hook = |kind: &str| {
        let members =
            json!({"hookEventId": "h", "name": "budget", "type": kind, "decision": "deny", "reason": "SECRET"});
        vec![event("hookEvent", members), event("messageStop", json!({"stopReason": "hook_stopped"}))]
    };
    for (kind, cost) in [("before_invocation", 0), ("after_tool_call", 5_000)] {
        let desk = Desk::harness([Reply::Stream(hook(kind))], None).await;
        let read = desk.say("s").await;
        assert_eq!(read.counts.cost_micros, cost, "{kind}");
        assert!(!read.text.contains("SECRET"), "{}", read.text);
    }
}

#[tokio::test]
async fn refusals_throttles_and_broken_streams() {
    let conflict = Reply::Refuse(400, "ValidationException", json!({"message": "m", "reason": "ResourceConflict"}));
    let invalid = Reply::Refuse(400, "ValidationException", json!({"message": "m", "reason": "FieldValidationFailed"}));
    let failed = Reply::Stream(vec![Frame::Exception("runtimeClientError", json!({"message": "SECRET"}))]);
    let mut broken = message(&[text("I")], "tool_use", usage(1, 1));
    broken.push(Frame::Break);
    for (reply, expected, cost) in [
        (conflict, "this session still works on an earlier message", 0),
        (invalid, "the assistant cannot take the message, and nothing has begun", 0),
        (throttled(), "the assistant is busy, and nothing has begun", 0),
        (failed, "the turn failed half way", 5_000),
        (Reply::Stream(broken), "the turn failed half way", 5_000),
        (Reply::Stream(Vec::new()), "the turn failed half way", 5_000),
    ] {
        let desk = Desk::harness([reply], None).await;
        let read = desk.say("s").await;
        let text = read.part("error")["errorText"].as_str().unwrap();
        assert!(text.starts_with(expected), "{expected}: {text}");
        assert_eq!(read.counts.cost_micros, cost, "{expected}");
        assert!(!read.text.contains("SECRET"), "{}", read.text);
    }
    let desk = Desk::harness([throttled(), answered()], None).await;
    assert_eq!(desk.say("s").await.kinds()[2], "data-waiting");
}

#[tokio::test]
async fn a_harness_asks_nothing_so_it_takes_no_answers() {
    let desk = Desk::harness([answered()], None).await;
    let answers = vec![Answer { id: "e30".to_owned(), approved: true }];
    let read = desk.take(turn("s", What::Answers(answers))).await;
    assert!(read.part("error")["errorText"].as_str().unwrap().starts_with("the answers do not fit"));
    assert!(desk.fake.asked().is_empty());
}

#[test]
fn an_id_of_a_session_fits_both_services() {
    for (customer, name) in [("CUST-1001", "s"), ("ä\n@", "🦀"), ("", "")] {
        let session = Session::new(customer, name);
        for id in [session.id(), session.actor()] {
            assert!(id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
        }
    }
}
