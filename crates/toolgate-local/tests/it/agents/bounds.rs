//! The limits of a turn and of a call, retries, and the part of a long conversation that a model gets.

use std::time::Duration;

use aws_sdk_bedrockagentruntime::types::{
    ContentBlock, ConversationHistory, ConversationRole, Message, PromptCreationConfigurations, SessionState,
};
use serde_json::json;
use toolgate_local::agents::{Agents, Limits};

use super::support::*;

async fn with(functions: std::sync::Arc<Functions>, limits: Limits, play: toolgate_local::models::Models) -> Desk {
    Desk::serve(Agents::with_limits(&one_agent(), functions, play, limits).unwrap()).await
}

/// One call of `orders__get`, then an answer that repeats the tool's text.
fn call_once() -> toolgate_local::models::Models {
    model(|seen| match seen.results.first() {
        None => Say::Calls(vec![("orders__get", json!({"id": "1"}))]),
        Some(results) => answer(format!("{}|{}", results[0].1, results[0].0)),
    })
}

#[tokio::test]
async fn the_limit_of_tokens_counts_all_agents_of_a_turn() {
    // Each model turn of the tests costs 15 tokens.
    let play = model(|_| Say::Calls(vec![("orders__get", json!({"id": "1"}))]));
    let functions = Functions::echo();
    let desk = with(functions.clone(), limits(|limits| limits.tokens = 31), play).await;
    let turn = desk.say("Orders", "s1", "go").await;
    assert_eq!(functions.called().len(), 3);
    assert!(turn.text.contains("after 45 tokens"), "{}", turn.text);
    assert_eq!(turn.trail()[turn.traces.len() - 2..], ["Orders failureTrace", "Orders observation FINISH"]);
}

#[tokio::test]
async fn a_function_that_never_replies_fails_the_turn() {
    let functions = Functions::new(|event| Reply::Later(Duration::from_secs(60), Box::new(ok(event, &json!("late")))));
    let desk = with(functions.clone(), limits(|limits| limits.call = Duration::from_millis(50)), call_once()).await;
    let (kind, text) = desk.say("Orders", "s1", "go").await.exception.unwrap();
    assert_eq!((kind.as_str(), functions.called().len()), ("DependencyFailedException", 1));
    assert!(text.contains("The error message from the Lambda function is Unhandled."), "{text}");
}

#[tokio::test]
async fn a_function_that_is_lost_is_called_again_only_where_the_effect_happens_once() {
    for (lost, once, calls) in [
        ("Sandbox.Timedout", true, 2),
        ("Runtime.ExitError", true, 2),
        ("Sandbox.Timedout", false, 1),
        ("Runtime.ExitError", false, 1),
        // A retry would get the same function error.
        ("Boom", true, 1),
    ] {
        let functions = Functions::once(once, move |_| Reply::Lost(lost));
        let desk = with(functions.clone(), Limits::default(), call_once()).await;
        let turn = desk.say("Orders", "s1", "go").await;
        assert_eq!(turn.exception.unwrap().0, "DependencyFailedException");
        assert_eq!(functions.called().len(), calls, "{lost} {once}");
    }
    let count = std::sync::atomic::AtomicUsize::new(0);
    let functions = Functions::once(true, move |event| match count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
        0 => Reply::Lost("Sandbox.Timedout"),
        _ => ok(event, &json!("the first reply, again")),
    });
    let desk = with(functions.clone(), Limits::default(), call_once()).await;
    assert_eq!(desk.say("Orders", "s1", "go").await.text, "false|the first reply, again");
    let events = functions.events();
    assert_eq!(events[0], events[1], "it is the same call");
}

#[tokio::test]
async fn a_long_conversation_loses_its_oldest_turns() {
    let desk = with(
        Functions::echo(),
        limits(|limits| limits.context_characters = 40),
        model(|seen| answer(format!("{:10}", seen.messages))),
    )
    .await;
    let mut shown = Vec::new();
    for text in ["aaaaaaaaaa", "bbbbbbbbbb", "cccccccccc", "dddddddddd"] {
        shown.push(desk.say("Orders", "s1", text).await.text.trim().to_owned());
    }
    assert_eq!(shown, ["1", "3", "3", "3"]);
}

#[tokio::test]
async fn a_caller_may_have_less_of_the_past_shown() {
    let desk = with(Functions::echo(), Limits::default(), model(|seen| answer(seen.messages.to_string()))).await;
    for text in ["a", "b", "c"] {
        desk.say("Orders", "s1", text).await;
    }
    for (turns, messages) in [(0, "1"), (1, "3"), (50, "11")] {
        let wanted = PromptCreationConfigurations::builder().previous_conversation_turns_to_include(turns).build();
        let turn = collect(desk.to("Orders", "s1").input_text("d").prompt_creation_configurations(wanted)).await;
        assert_eq!(turn.text, messages);
    }
}

#[tokio::test]
async fn a_history_that_no_model_would_take_is_put_right() {
    let message =
        |role, text: &str| Message::builder().role(role).content(ContentBlock::Text(text.to_owned())).build().unwrap();
    let history = ConversationHistory::builder()
        .messages(message(ConversationRole::Assistant, "may I help?"))
        .messages(message(ConversationRole::User, "yes"))
        .messages(message(ConversationRole::User, "please"))
        .messages(message(ConversationRole::Assistant, "  "))
        .messages(message(ConversationRole::User, "now"))
        .build();
    let desk = with(Functions::echo(), Limits::default(), model(|seen| answer(seen.messages.to_string()))).await;
    let state = || SessionState::builder().conversation_history(history.clone()).build();
    let turn = collect(desk.to("Orders", "s1").input_text("hi").session_state(state())).await;
    assert_eq!(turn.text, "1", "all of it is the user's");
    let turn = collect(desk.to("Orders", "s1").input_text("hi").session_state(state())).await;
    assert_eq!(turn.text, "3", "a session that has a history keeps it");
}

#[tokio::test]
async fn a_long_answer_is_cut_into_chunks_of_a_million_bytes_and_no_character_is_broken() {
    let long = "aé".repeat(400_000);
    let reply = long.clone();
    let desk = with(Functions::echo(), Limits::default(), model(move |_| answer(reply.clone()))).await;
    let turn = desk.say("Orders", "s1", "go").await;
    assert_eq!((turn.chunks, turn.text == long), (2, true));
}

#[tokio::test]
async fn a_conversation_that_a_model_finds_too_long_is_shown_to_it_with_less_of_its_past() {
    let full = || toolgate_local::models::ModelReply {
        content: Vec::new(),
        stop: toolgate_local::models::StopReason::ContextFull,
        usage: toolgate_local::models::Usage::default(),
    };
    let play = model(move |seen| match (seen.text.as_str(), seen.messages) {
        ("never", _) | (_, 4..) => Say::Reply(full()),
        (_, messages) => answer(format!("{:20}", messages)),
    });
    let desk = with(Functions::echo(), Limits::default(), play).await;
    for (text, messages) in [("a".repeat(20), "1"), ("b".repeat(20), "3"), ("c".repeat(20), "1")] {
        let turn = desk.say("Orders", "s1", &text).await;
        assert_eq!(turn.text.trim(), messages, "{text}: {:?}", turn.exception);
    }
    let (kind, text) = desk.say("Orders", "s1", "never").await.exception.unwrap();
    assert_eq!(kind, "DependencyFailedException");
    assert!(text.contains("start a new session"), "{text}");
}
