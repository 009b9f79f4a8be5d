//! The lifecycle hooks of a harness: what is decoded, and that everything else is denied.

use proptest::prelude::*;
use serde_json::{Value, json};
use toolgate::hooks::{Decision, HookEvent, Moment, REASON_CHARACTERS, answer};

fn event(kind: &str, context: Value) -> Value {
    json!({
        "hookEventId": "6f1c9f9e-0000-4000-8000-000000000001", "name": "spend", "event": kind,
        "harnessArn": "arn:aws:bedrock-agentcore:us-east-1:123456789012:harness/shop-aaaaaaaaaa", "sessionId": "s-1",
        "context": context,
    })
}

fn before_tool(input: Value) -> Value {
    let context = json!({
        "toolName": "support___refund", "toolType": "agentcore_gateway", "toolInput": input, "toolUseId": "tu_1",
    });
    event("before_tool_call", context)
}

fn usage() -> Value {
    event("after_invocation", json!({"stopReason": "end_turn", "usage": {"inputTokens": 12, "outputTokens": 3}}))
}

async fn allow(_: HookEvent) -> Result<Decision, toolgate::Error> {
    Ok(Decision::Allow)
}

fn is_deny(answer: &Value) -> bool {
    answer["decision"] == "deny" && answer["reason"].is_string()
}

#[tokio::test]
async fn every_moment_is_decoded() {
    let messages = json!([{"role": "user", "content": [{"text": "hello"}]}]);
    let result = json!({"toolUseId": "tu_1", "status": "success", "content": [{"text": "done"}]});
    let after = json!({
        "toolName": "support___refund", "toolType": "agentcore_gateway", "toolUseId": "tu_1", "toolResult": result,
    });
    for (event, seen) in [
        (event("before_invocation", json!({"messageCount": 1, "messages": messages})), "BeforeInvocation"),
        (before_tool(json!({"cents": 900})), "BeforeToolCall"),
        (event("after_tool_call", after), "AfterToolCall"),
        (usage(), "AfterInvocation"),
    ] {
        let hook = HookEvent::decode(event.clone()).unwrap();
        assert_eq!((hook.name.as_str(), hook.session_id.as_str()), ("spend", "s-1"));
        assert_eq!(format!("{:?}", hook.moment), seen);
        assert_eq!(answer(event, allow).await, json!({"decision": "allow"}));
    }
    let Moment::AfterInvocation { usage: Some(usage), stop_reason } = HookEvent::decode(usage()).unwrap().moment else {
        panic!("it has a usage");
    };
    assert_eq!((usage.input_tokens, usage.output_tokens, stop_reason.as_str()), (12, 3, "end_turn"));
}

#[test]
fn an_input_is_an_object_or_its_text_and_one_that_is_cut_off_is_none() {
    let input = |event| match HookEvent::decode(event).unwrap().moment {
        Moment::BeforeToolCall { input, .. } => input,
        other => panic!("{other:?}"),
    };
    assert_eq!(input(before_tool(json!({"cents": 900}))), Some(json!({"cents": 900})));
    assert_eq!(input(before_tool(json!("{\"cents\": 900}"))), Some(json!({"cents": 900})));
    assert_eq!(input(before_tool(json!("{\"cents\": 9"))), None);
    assert_eq!(input(before_tool(json!({"truncated": true, "preview": "{\"cents\": 9"}))), None);
}

#[tokio::test]
async fn what_fails_or_cannot_be_read_is_denied() {
    for unknown in [
        Value::Null,
        json!({}),
        event("before_model_call", json!({})),
        event("before_tool_call", json!({"toolName": "x"})),
    ] {
        assert!(is_deny(&answer(unknown.clone(), allow).await), "{unknown}");
    }
    let fails = answer(usage(), async |_| Err("table `secret` is not there".into())).await;
    assert!(is_deny(&fails) && !fails.to_string().contains("secret"), "{fails}");
    let panics = answer(usage(), async |_| panic!("oh")).await;
    assert!(is_deny(&panics), "{panics}");
}

#[test]
fn a_usage_that_cannot_be_read_is_not_known() {
    for usage in [json!({"inputTokens": -1, "outputTokens": 1}), json!({"inputTokens": 1}), json!("many")] {
        let ended = event("after_invocation", json!({"stopReason": "end_turn", "usage": usage}));
        let moment = HookEvent::decode(ended).unwrap().moment;
        assert!(matches!(moment, Moment::AfterInvocation { usage: None, .. }), "{usage}");
    }
}

#[test]
fn a_reason_has_a_length_and_nothing_invisible() {
    let long = Decision::deny("x\u{200b}\u{1b}".repeat(5000)).answer();
    let reason = long["reason"].as_str().unwrap();
    assert_eq!(reason.chars().count(), REASON_CHARACTERS);
    assert!(reason.chars().all(|c| c == 'x'), "{reason}");
}

#[test]
fn debug_shows_nothing_of_a_user_or_a_model() {
    let shown = format!("{:?}", HookEvent::decode(before_tool(json!({"card": "4111 1111 1111 1111"}))).unwrap());
    assert!(!shown.contains("4111") && shown.contains("BeforeToolCall"), "{shown}");
}

proptest! {
    #[test]
    fn only_the_handler_can_allow(kind in "[a-z_]{0,20}", text in any::<String>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let deny = async |_: HookEvent| Ok(Decision::deny("no"));
        for event in [event(&kind, json!({"toolName": text})), json!(text), json!({"decision": "allow", "event": kind})] {
            prop_assert!(is_deny(&runtime.block_on(answer(event, deny))));
        }
    }
}
