//! `bedrock:` against a stand-in with the Converse API: requests, replies and errors.

use serde_json::{Value, json};

use super::stand_in::{Answer, StandIn, json_answer};
use crate::agents::support::*;

async fn model(id: &str, answers: Vec<Answer>) -> (toolgate_local::models::Models, StandIn) {
    let stand_in = StandIn::start(answers).await;
    (stand_in.bedrock(id), stand_in)
}

fn says(content: Value, stop: &str) -> Answer {
    json_answer(
        200,
        json!({
            "output": {"message": {"role": "assistant", "content": content}},
            "stopReason": stop,
            "usage": {"inputTokens": 80, "outputTokens": 20, "totalTokens": 100},
            "metrics": {"latencyMs": 9},
        }),
    )
}

fn calls(id: &str, name: &str, input: Value) -> Value {
    json!({"toolUse": {"toolUseId": id, "name": name, "input": input}})
}

#[tokio::test]
async fn parallel_unknown_and_refused_calls_are_all_answered_in_one_message() {
    let asked = json!([
        {"text": "I look."},
        calls("a", "orders__get", json!({"count": 9_007_199_254_740_993_u64})),
        calls("b", "orders__teleport", json!({})),
        calls("c", "orders__list", json!({"id": "x"})),
    ]);
    let (models, stand_in) =
        model("", vec![says(asked, "tool_use"), says(json!([{"text": "All seen."}]), "end_turn")]).await;
    let functions = Functions::new(|event| match tool_of(event).as_str() {
        "list" => {
            let mut reply = envelope(event, 200, &json!({"error": {"kind": "refused", "message": "not yours"}}));
            reply["response"]["functionResponse"]["responseState"] = json!("REPROMPT");
            Reply::Raw(reply)
        }
        _ => ok(event, &json!({"status": "shipped"})),
    });
    let desk = Desk::start(&one_agent(), functions.clone(), models).await;
    let turn = desk.say("Orders", "s1", "go").await;
    assert_eq!(turn.text, "All seen.");
    let get = functions.events().into_iter().find(|event| tool_of(event) == "get").unwrap();
    assert_eq!(parameters(&get)["count"], "9007199254740993", "whole numbers stay whole");

    let seen = stand_in.seen();
    assert_eq!(seen[0].path, "/model/some.model-v1%3A0/converse", "without an id each agent uses its own model");
    assert_eq!(seen[0].body["system"][0]["text"], "You are Orders.");
    let tool = &seen[0].body["toolConfig"]["tools"][0]["toolSpec"];
    assert_eq!(tool["name"], "orders__get");
    assert_eq!(tool["inputSchema"]["json"]["properties"]["count"]["type"], "integer");
    let results = &seen[1].body["messages"][2]["content"];
    let of = |at: usize| {
        (
            results[at]["toolResult"]["toolUseId"].as_str().unwrap(),
            results[at]["toolResult"]["status"].as_str().unwrap(),
        )
    };
    assert_eq!([of(0), of(1), of(2)], [("a", "success"), ("b", "error"), ("c", "error")]);
    assert_eq!(
        seen[1].body["messages"][1]["content"][1]["toolUse"]["input"]["count"],
        json!(9_007_199_254_740_993_u64)
    );
    assert!(results[1]["toolResult"]["content"][0]["text"].as_str().unwrap().contains("there is no tool"));
}

#[tokio::test]
async fn throttling_is_retried_and_reported_when_it_lasts() {
    let throttled = || json_answer(429, json!({"__type": "ThrottlingException", "message": "slow down"}));
    let (models, stand_in) =
        model("my.model", vec![throttled(), throttled(), says(json!([{"text": "There."}]), "end_turn")]).await;
    let desk = Desk::start(&one_agent(), Functions::echo(), models).await;
    assert_eq!(desk.say("Orders", "s1", "go").await.text, "There.");
    assert_eq!(stand_in.seen()[0].path, "/model/my.model/converse");

    let (models, _) = model("my.model", vec![throttled(), throttled(), throttled()]).await;
    let desk = Desk::start(&one_agent(), Functions::echo(), models).await;
    let turn = desk.say("Orders", "s1", "go").await;
    assert_eq!(turn.exception, Some(("ThrottlingException".to_owned(), "model `my.model`: slow down".to_owned())));
}

#[tokio::test]
async fn the_models_own_errors_keep_their_words() {
    for (status, kind, name) in [
        (403, "AccessDeniedException", "AccessDeniedException"),
        (400, "ValidationException", "ValidationException"),
        (404, "ResourceNotFoundException", "ResourceNotFoundException"),
        (424, "ModelErrorException", "BadGatewayException"),
    ] {
        let (models, _) =
            model("my.model", vec![json_answer(status, json!({"__type": kind, "message": "because"}))]).await;
        let desk = Desk::start(&one_agent(), Functions::echo(), models).await;
        let turn = desk.say("Orders", "s1", "go").await;
        assert_eq!(turn.exception, Some((name.to_owned(), "model `my.model`: because".to_owned())));
    }
}

#[tokio::test]
async fn a_conversation_that_is_refused_as_too_long_is_shown_with_less_of_its_past() {
    for message in ["Input is too long for requested model.", "prompt is too long: 210000 tokens > 200000 maximum"] {
        let refused = json_answer(400, json!({"__type": "ValidationException", "message": message}));
        let fine = || says(json!([{"text": "ok"}]), "end_turn");
        let (models, stand_in) = model("my.model", vec![fine(), refused, fine()]).await;
        let desk = Desk::start(&one_agent(), Functions::echo(), models).await;
        for text in ["first", "second"] {
            assert_eq!(desk.say("Orders", "s1", text).await.text, "ok");
        }
        let sent: Vec<usize> =
            stand_in.seen().iter().map(|request| request.body["messages"].as_array().unwrap().len()).collect();
        assert_eq!(sent, [1, 3, 1]);
    }
}

#[tokio::test]
async fn the_reason_for_a_short_answer_is_reported() {
    for (content, stop, text, exception) in [
        (
            json!([{"text": "half"}]),
            "max_tokens",
            "half\n\n(The answer was cut off at the model's length limit.)",
            None,
        ),
        (json!([{"text": "Sorry, not that."}]), "guardrail_intervened", "Sorry, not that.", None),
        (json!([]), "malformed_tool_use", "", Some("the model's output could not be read: ask again")),
        (
            json!([]),
            "model_context_window_exceeded",
            "",
            Some("the conversation no longer fits the model: start a new session"),
        ),
        (json!([]), "end_turn", "", Some("the model ended its turn without an answer")),
    ] {
        let (models, _) = model("my.model", vec![says(content, stop)]).await;
        let desk = Desk::start(&one_agent(), Functions::echo(), models).await;
        let turn = desk.say("Orders", "s1", "go").await;
        assert_eq!(turn.text, text);
        assert_eq!(turn.exception.map(|(_, message)| message).as_deref(), exception);
    }
}

#[tokio::test]
async fn thoughts_are_given_back_unchanged() {
    let thought = json!({"reasoningContent": {"reasoningText": {"text": "hm", "signature": "sig"}}});
    let first = json!([thought, calls("a", "orders__get", json!({}))]);
    let (models, stand_in) =
        model("my.model", vec![says(first, "tool_use"), says(json!([{"text": "ok"}]), "end_turn")]).await;
    let desk = Desk::start(&one_agent(), Functions::echo(), models).await;
    assert_eq!(desk.say("Orders", "s1", "go").await.text, "ok");
    assert_eq!(stand_in.seen()[1].body["messages"][1]["content"][0], thought);
}
