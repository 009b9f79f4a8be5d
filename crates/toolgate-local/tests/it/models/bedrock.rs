//! `bedrock:` against a stand-in that speaks Converse: what is sent, what is read, and how failures are told.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use aws_sdk_bedrockruntime::{
    Client, Config,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig},
};
use axum::{Json, Router, extract::State, http::StatusCode, response::IntoResponse, routing::post};
use serde_json::{Value, json};
use toolgate_local::models::{BedrockModel, Models};

use crate::agents::support::*;

/// Answers to give, and requests seen.
#[derive(Default)]
struct Converse {
    answers: Mutex<VecDeque<(u16, Value)>>,
    seen: Mutex<Vec<(String, Value)>>,
}

async fn converse(
    State(stand_in): State<Arc<Converse>>,
    axum::extract::Path(model): axum::extract::Path<String>,
    Json(body): Json<Value>,
) -> axum::response::Response {
    stand_in.seen.lock().unwrap().push((model, body));
    let (status, answer) = stand_in.answers.lock().unwrap().pop_front().expect("an answer for every request");
    let kind = answer["__type"].as_str().unwrap_or_default().to_owned();
    (StatusCode::from_u16(status).unwrap(), [("x-amzn-errortype", kind)], Json(answer)).into_response()
}

async fn model(id: &str, answers: Vec<(u16, Value)>) -> (Models, Arc<Converse>) {
    let stand_in = Arc::new(Converse { answers: Mutex::new(answers.into()), ..Converse::default() });
    let router = Router::new().route("/model/{id}/converse", post(converse)).with_state(Arc::clone(&stand_in));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("us-east-1"))
        .credentials_provider(Credentials::for_tests())
        .retry_config(
            RetryConfig::standard().with_max_attempts(3).with_initial_backoff(std::time::Duration::from_millis(10)),
        )
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(url)
        .build();
    (Models::custom(Arc::new(BedrockModel::new(Client::from_conf(config), id))), stand_in)
}

fn says(content: Value, stop: &str) -> (u16, Value) {
    (
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

    let seen = stand_in.seen.lock().unwrap().clone();
    assert_eq!(seen[0].0, "some.model-v1:0", "without an id each agent uses its own model");
    assert_eq!(seen[0].1["system"][0]["text"], "You are Orders.");
    let tool = &seen[0].1["toolConfig"]["tools"][0]["toolSpec"];
    assert_eq!(tool["name"], "orders__get");
    assert_eq!(tool["inputSchema"]["json"]["properties"]["count"]["type"], "integer");
    let results = &seen[1].1["messages"][2]["content"];
    let of = |at: usize| {
        (
            results[at]["toolResult"]["toolUseId"].as_str().unwrap(),
            results[at]["toolResult"]["status"].as_str().unwrap(),
        )
    };
    assert_eq!([of(0), of(1), of(2)], [("a", "success"), ("b", "error"), ("c", "error")]);
    assert_eq!(seen[1].1["messages"][1]["content"][1]["toolUse"]["input"]["count"], json!(9_007_199_254_740_993_u64));
    assert!(results[1]["toolResult"]["content"][0]["text"].as_str().unwrap().contains("there is no tool"));
}

#[tokio::test]
async fn throttling_is_tried_again_and_told_when_it_lasts() {
    let throttled = || (429, json!({"__type": "ThrottlingException", "message": "slow down"}));
    let (models, stand_in) =
        model("my.model", vec![throttled(), throttled(), says(json!([{"text": "There."}]), "end_turn")]).await;
    let desk = Desk::start(&one_agent(), Functions::echo(), models).await;
    assert_eq!(desk.say("Orders", "s1", "go").await.text, "There.");
    assert_eq!(stand_in.seen.lock().unwrap()[0].0, "my.model");

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
        let (models, _) = model("my.model", vec![(status, json!({"__type": kind, "message": "because"}))]).await;
        let desk = Desk::start(&one_agent(), Functions::echo(), models).await;
        let turn = desk.say("Orders", "s1", "go").await;
        assert_eq!(turn.exception, Some((name.to_owned(), "model `my.model`: because".to_owned())));
    }
}

#[tokio::test]
async fn what_cuts_an_answer_short_is_said() {
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
        assert_eq!(turn.exception.map(|(_, told)| told).as_deref(), exception);
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
    assert_eq!(stand_in.seen.lock().unwrap()[1].1["messages"][1]["content"][0], thought);
}
