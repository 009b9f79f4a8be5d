//! The loop with one agent: answers, tools, history and attributes.

use std::time::{Duration, Instant};

use aws_sdk_bedrockagentruntime::types::{
    ContentBlock, ConversationHistory, ConversationRole, Message, SessionState, StreamingConfigurations,
};
use serde_json::json;
use toolgate_local::{
    agents::Agents,
    models::{Block, ModelReply, StopReason, Usage},
};

use super::support::*;

#[tokio::test]
async fn an_answer_comes_as_one_chunk_with_both_headers() {
    let desk =
        Desk::start(&one_agent(), Functions::echo(), model(|seen| answer(format!("you said: {}", seen.text)))).await;
    let output = desk.to("Orders", "s:1").input_text("hello").send().await.unwrap();
    assert_eq!(output.content_type(), "application/json");
    assert_eq!(output.session_id(), "s:1", "the path is percent-decoded");
    let turn = desk.say("Orders", "s:1", "hello again").await;
    assert_eq!((turn.text.as_str(), turn.chunks), ("you said: hello again", 1));
}

#[tokio::test]
async fn a_streamed_answer_comes_in_pieces_that_add_up() {
    let long = "a word or two, ".repeat(40);
    let reply = long.clone();
    let desk = Desk::start(&one_agent(), Functions::echo(), model(move |_| answer(reply.clone()))).await;
    let streaming = StreamingConfigurations::builder().stream_final_response(true).build();
    let turn = collect(desk.to("Orders", "s1").input_text("go").streaming_configurations(streaming)).await;
    assert!(turn.chunks > 5, "{} chunks", turn.chunks);
    assert_eq!(turn.text, long);
}

#[tokio::test]
async fn the_calls_of_one_turn_run_side_by_side_and_their_results_keep_their_order() {
    let functions = Functions::new(|event| {
        let pause = if parameters(event)["id"] == "0" { 300 } else { 150 };
        Reply::Later(Duration::from_millis(pause), Box::new(ok(event, &json!(parameters(event)["id"]))))
    });
    let play = model(|seen| match seen.results.first() {
        None => Say::Calls((0..10).map(|id| ("orders__get", json!({"id": id.to_string()}))).collect()),
        Some(results) => answer(results.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>().join(",")),
    });
    let desk = Desk::start(&one_agent(), functions, play).await;
    let begun = Instant::now();
    let turn = desk.say("Orders", "s1", "go").await;
    assert_eq!(turn.text, "0,1,2,3,4,5,6,7,8,9");
    assert!(
        begun.elapsed() < Duration::from_millis(1200),
        "one after the other this takes 1650 ms, it took {:?}",
        begun.elapsed()
    );
}

#[tokio::test]
async fn arguments_travel_as_typed_text_and_the_event_is_whole() {
    let functions = Functions::echo();
    let play = model(|seen| match seen.results.first() {
        None => Say::Calls(vec![(
            "orders__get",
            json!({"id": "7", "count": 9_007_199_254_740_993_u64, "tags": ["a", "b"], "extra": true, "none": null}),
        )]),
        Some(_) => answer("done"),
    });
    let desk = Desk::start(&one_agent(), std::sync::Arc::clone(&functions), play).await;
    let state = SessionState::builder()
        .session_attributes("customerId", "C1")
        .prompt_session_attributes("today", "Monday")
        .build();
    collect(desk.to("Orders", "s1").input_text("go").session_state(state)).await;
    assert_eq!(
        functions.events(),
        [json!({
            "messageVersion": "1.0",
            "agent": {"name": "desk-orders", "id": "Orders", "alias": "TSTALIASID", "version": "DRAFT"},
            "inputText": "go",
            "sessionId": "s1",
            "actionGroup": "orders",
            "function": "get",
            "parameters": [
                {"name": "count", "type": "integer", "value": "9007199254740993"},
                {"name": "extra", "type": "boolean", "value": "true"},
                {"name": "id", "type": "string", "value": "7"},
                {"name": "tags", "type": "array", "value": "[\"a\",\"b\"]"},
            ],
            "sessionAttributes": {"customerId": "C1"},
            "promptSessionAttributes": {"today": "Monday"},
        })]
    );
}

#[tokio::test]
async fn attributes_that_a_function_returns_replace_the_sessions_and_prompt_attributes_end_with_the_turn() {
    let functions = Functions::new(|event| {
        let mut reply = envelope(event, 200, &json!("ok"));
        reply["sessionAttributes"] = json!({"seen": parameters(event)["id"]});
        Reply::Raw(reply)
    });
    let play = model(|seen| match seen.results.len() {
        0 => Say::Calls(vec![("orders__get", json!({"id": seen.text}))]),
        _ => answer(seen.system.clone()),
    });
    let desk = Desk::start(&one_agent(), std::sync::Arc::clone(&functions), play).await;
    let state = SessionState::builder()
        .session_attributes("customerId", "C1")
        .prompt_session_attributes("mood", "sunny")
        .build();
    let first = collect(desk.to("Orders", "s1").input_text("one").session_state(state)).await;
    assert!(first.text.contains("mood: sunny"), "{}", first.text);
    let second = desk.say("Orders", "s1", "two").await;
    assert!(!second.text.contains("sunny"), "{}", second.text);
    let events = functions.events();
    assert_eq!(events[0]["sessionAttributes"], json!({"customerId": "C1"}));
    assert_eq!(events[1]["sessionAttributes"], json!({"seen": "one"}));
    assert_eq!(events[1]["promptSessionAttributes"], json!({}));
}

#[tokio::test]
async fn tools_that_run_side_by_side_keep_each_others_attributes() {
    let functions = Functions::new(|event| {
        let mut reply = envelope(event, 200, &json!("ok"));
        let id = parameters(event)["id"].clone();
        reply["sessionAttributes"][format!("by-{id}")] = json!(id);
        Reply::Later(Duration::from_millis(50), Box::new(Reply::Raw(reply)))
    });
    let play = model(|seen| match (seen.results.len(), seen.text.as_str()) {
        (0, "both") => Say::Calls(vec![("orders__get", json!({"id": "a"})), ("orders__get", json!({"id": "b"}))]),
        (0, _) => Say::Calls(vec![("orders__get", json!({"id": "c"}))]),
        _ => answer("done"),
    });
    let desk = Desk::start(&one_agent(), std::sync::Arc::clone(&functions), play).await;
    desk.say("Orders", "s1", "both").await;
    desk.say("Orders", "s1", "then").await;
    assert_eq!(functions.events()[2]["sessionAttributes"], json!({"by-a": "a", "by-b": "b"}));
}

#[tokio::test]
async fn sessions_remember_apart_from_each_other_and_end_on_request() {
    let desk = Desk::start(&one_agent(), Functions::echo(), model(|seen| answer(seen.messages.to_string()))).await;
    assert_eq!(desk.say("Orders", "s1", "a").await.text, "1");
    assert_eq!(desk.say("Orders", "s1", "b").await.text, "3");
    assert_eq!(desk.say("Orders", "s2", "c").await.text, "1");
    let ended = collect(desk.to("Orders", "s1").end_session(true)).await;
    assert!(ended.text.contains("terminated"), "{}", ended.text);
    assert_eq!(desk.say("Orders", "s1", "d").await.text, "1");
}

#[tokio::test]
async fn an_idle_session_is_forgotten() {
    let mut template = one_agent();
    template.agents[0].idle_ttl = Duration::from_millis(50);
    let desk = Desk::start(&template, Functions::echo(), model(|seen| answer(seen.messages.to_string()))).await;
    desk.say("Orders", "s1", "a").await;
    tokio::time::sleep(Duration::from_millis(120)).await;
    assert_eq!(desk.say("Orders", "s1", "b").await.text, "1");
}

#[tokio::test]
async fn a_conversation_can_be_passed_in() {
    let message =
        |role, text: &str| Message::builder().role(role).content(ContentBlock::Text(text.to_owned())).build().unwrap();
    let history = ConversationHistory::builder()
        .messages(message(ConversationRole::User, "earlier"))
        .messages(message(ConversationRole::Assistant, "indeed"))
        .build();
    let desk = Desk::start(&one_agent(), Functions::echo(), model(|seen| answer(seen.messages.to_string()))).await;
    let state = SessionState::builder().conversation_history(history).build();
    let turn = collect(desk.to("Orders", "s1").input_text("now").session_state(state)).await;
    assert_eq!(turn.text, "3");
}

#[tokio::test]
async fn the_limit_of_model_turns_is_reported() {
    let play = model(|_| Say::Calls(vec![("orders__get", json!({"id": "1"}))]));
    let functions = Functions::echo();
    let agents =
        Agents::with_limits(&one_agent(), functions.clone(), play, limits(|limits| limits.model_turns = 3)).unwrap();
    let turn = Desk::serve(agents).await.say("Orders", "s1", "go").await;
    assert_eq!(functions.called().len(), 3);
    assert!(turn.text.contains("after 3 steps"), "{}", turn.text);
}

#[tokio::test]
async fn an_answer_that_was_cut_off_says_so_and_its_half_written_call_is_not_made() {
    let functions = Functions::echo();
    let play = model(|_| {
        Say::Reply(ModelReply {
            content: vec![
                Block::Text("The first half".to_owned()),
                Block::ToolUse { id: "x".to_owned(), name: "orders__get".to_owned(), input: json!({}) },
            ],
            stop: StopReason::MaxTokens,
            usage: Usage::default(),
        })
    });
    let desk = Desk::start(&one_agent(), functions.clone(), play).await;
    for _ in 0..2 {
        let turn = desk.say("Orders", "s1", "go").await;
        assert!(turn.text.starts_with("The first half") && turn.text.contains("cut off"), "{}", turn.text);
    }
    assert!(functions.called().is_empty());
}
