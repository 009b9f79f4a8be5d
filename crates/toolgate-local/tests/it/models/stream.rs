//! Streamed answers: what a caller of InvokeAgent with `streamFinalResponse` receives.

use aws_sdk_bedrockagentruntime::types::StreamingConfigurations;
use bytes::Bytes;
use serde_json::{Value, json};
use toolgate_local::models::Models;

use super::stand_in::{Answer, End, StandIn, frame, json_answer, raw};
use crate::agents::support::*;

fn text(at: i32, text: &str) -> Bytes {
    frame("contentBlockDelta", &json!({"contentBlockIndex": at, "delta": {"text": text}}))
}

fn call(at: i32, id: &str, name: &str, pieces: &[&str]) -> Vec<Bytes> {
    let start = json!({"contentBlockIndex": at, "start": {"toolUse": {"toolUseId": id, "name": name}}});
    let delta = |piece: &&str| {
        frame("contentBlockDelta", &json!({"contentBlockIndex": at, "delta": {"toolUse": {"input": piece}}}))
    };
    std::iter::once(frame("contentBlockStart", &start))
        .chain(pieces.iter().map(delta))
        .chain([frame("contentBlockStop", &json!({"contentBlockIndex": at}))])
        .collect()
}

fn end(stop: &str) -> Vec<Bytes> {
    let usage = json!({"inputTokens": 80, "outputTokens": 20, "totalTokens": 100});
    vec![
        frame("messageStop", &json!({"stopReason": stop})),
        frame("metadata", &json!({"usage": usage, "metrics": {"latencyMs": 9}})),
    ]
}

fn streamed(parts: Vec<Bytes>) -> Answer {
    let start = frame("messageStart", &json!({"role": "assistant"}));
    raw("application/vnd.amazon.eventstream", std::iter::once(start).chain(parts))
}

async fn ask(models: Models) -> Turn {
    let desk = Desk::start(&one_agent(), Functions::echo(), models).await;
    ask_at(&desk).await
}

async fn ask_at(desk: &Desk) -> Turn {
    let streaming = StreamingConfigurations::builder().stream_final_response(true).apply_guardrail_interval(10).build();
    collect(desk.to("Orders", "s1").input_text("go").streaming_configurations(streaming)).await
}

#[tokio::test]
async fn the_answer_goes_out_before_the_model_has_written_all_of_it() {
    let begun = vec![text(0, "<thinking>hm</thinking><ans"), text(0, "wer>\nThe order is "), text(0, "on its way ")];
    let stand_in = StandIn::start(vec![streamed(begun).end(End::Silence)]).await;
    let turn = ask(stand_in.bedrock("my.model")).await;
    // The model stops sending, so all output was sent before its end.
    assert_eq!(turn.text, "The order is on its ");
    let (kind, message) = turn.exception.unwrap();
    assert_eq!((kind.as_str(), message.as_str()), ("BadGatewayException", "model `my.model` sent nothing for 0.5 s"));
    assert_eq!(stand_in.seen().len(), 1, "what has begun to go out is not begun again");
    let seen = stand_in.seen().remove(0);
    assert_eq!(seen.path, "/model/my.model/converse-stream");
    assert!(seen.body["system"][0]["text"].as_str().unwrap().contains("between <answer> and </answer>"));
}

#[tokio::test]
async fn text_before_a_call_is_not_part_of_the_answer() {
    let first = [
        vec![text(0, "Let me look it up, one moment please, I am on it.")],
        call(1, "a", "orders__get", &["{\"co", "unt\": 90071992547", "40993}"]),
        call(2, "b", "orders__list", &[]),
        end("tool_use"),
    ];
    let second = [vec![text(0, "<answer>All "), text(0, "is well with both of them.</answer>")], end("end_turn")];
    let stand_in = StandIn::start(vec![streamed(first.concat()), streamed(second.concat())]).await;
    let functions = Functions::echo();
    let desk = Desk::start(&one_agent(), functions.clone(), stand_in.bedrock("my.model")).await;
    let turn = ask_at(&desk).await;
    assert_eq!((turn.text.as_str(), turn.exception), ("All is well with both of them.", None));
    assert!(turn.chunks > 1, "{} chunks", turn.chunks);
    let get = functions.events().into_iter().find(|event| tool_of(event) == "get").unwrap();
    assert_eq!(parameters(&get)["count"], "9007199254740993");
    let content = &stand_in.seen()[1].body["messages"][1]["content"];
    assert_eq!(content[0]["text"], "Let me look it up, one moment please, I am on it.");
    assert_eq!(content[1]["toolUse"]["input"], json!({"count": 9_007_199_254_740_993_u64}));
    assert_eq!(content[2]["toolUse"]["input"], json!({}), "no arguments are none");
}

#[tokio::test]
async fn without_the_tags_the_answer_comes_whole() {
    let parts = [vec![text(0, "It is "), text(0, "on its way to you.")], end("end_turn")];
    let stand_in = StandIn::start(vec![streamed(parts.concat())]).await;
    assert_eq!(ask(stand_in.bedrock("my.model")).await.text, "It is on its way to you.");
}

#[tokio::test]
async fn thoughts_keep_their_signature_and_usage_is_counted() {
    let thought = |delta: Value| {
        frame("contentBlockDelta", &json!({"contentBlockIndex": 0, "delta": {"reasoningContent": delta}}))
    };
    let first = [
        vec![thought(json!({"text": "I "})), thought(json!({"text": "see"})), thought(json!({"signature": "sig"}))],
        call(1, "a", "orders__get", &["{}"]),
        end("tool_use"),
    ];
    let second = [vec![text(0, "<answer>ok</answer>")], end("end_turn")];
    let stand_in = StandIn::start(vec![streamed(first.concat()), streamed(second.concat())]).await;
    let turn = ask(stand_in.bedrock("my.model")).await;
    assert_eq!(turn.text, "ok");
    assert_eq!(
        stand_in.seen()[1].body["messages"][1]["content"][0],
        json!({"reasoningContent": {"reasoningText": {"text": "I see", "signature": "sig"}}})
    );
    use aws_sdk_bedrockagentruntime::types::{OrchestrationTrace as O, Trace};
    let usage = turn.traces.iter().filter_map(|part| match part.trace() {
        Some(Trace::OrchestrationTrace(O::ModelInvocationOutput(output))) => {
            output.metadata()?.usage().map(|usage| (usage.input_tokens().unwrap(), usage.output_tokens().unwrap()))
        }
        _ => None,
    });
    assert_eq!(usage.collect::<Vec<_>>(), [(80, 20), (80, 20)]);
}

#[tokio::test]
async fn arguments_that_are_not_valid_json_are_reported_to_the_model() {
    let first = [call(0, "a", "orders__get", &["{\"id\": ", "\"7\""]), end("tool_use")];
    let second = [vec![text(0, "<answer>Sorry.</answer>")], end("end_turn")];
    let stand_in = StandIn::start(vec![streamed(first.concat()), streamed(second.concat())]).await;
    assert_eq!(ask(stand_in.bedrock("my.model")).await.text, "Sorry.");
    let messages = stand_in.seen()[1].body["messages"].clone();
    assert_eq!(messages[1]["content"][0]["toolUse"]["input"], json!({"unreadable": "{\"id\": \"7\""}));
    let result = &messages[2]["content"][0]["toolResult"];
    assert_eq!(result["status"], "error");
    assert!(result["content"][0]["text"].as_str().unwrap().contains("must be a JSON object"));
}

#[tokio::test]
async fn what_fails_before_a_word_is_out_is_tried_again() {
    let whole = || streamed([vec![text(0, "<answer>There.</answer>")], end("end_turn")].concat());
    let throttled = || json_answer(429, json!({"__type": "ThrottlingException", "message": "slow down"}));
    let faults: [fn() -> Answer; 4] = [
        || streamed(vec![text(0, "Hm"), frame("throttlingException", &json!({"message": "slow down"}))]),
        || streamed(vec![frame("modelStreamErrorException", &json!({"message": "oh"}))]),
        || streamed(vec![text(0, "<answer")]),
        || streamed(vec![text(0, "Hm")]).end(End::Cut),
    ];
    for fault in faults {
        let stand_in = StandIn::start(vec![throttled(), fault(), whole()]).await;
        let turn = ask(stand_in.bedrock("my.model")).await;
        assert_eq!((turn.text.as_str(), turn.exception, stand_in.left()), ("There.", None, 0));
    }
}

#[tokio::test]
async fn exceptions_in_a_stream_are_reported_as_the_agents_own() {
    for (name, kind) in [
        ("throttlingException", "ThrottlingException"),
        ("validationException", "ValidationException"),
        ("serviceUnavailableException", "BadGatewayException"),
        ("internalServerException", "BadGatewayException"),
        ("modelStreamErrorException", "BadGatewayException"),
    ] {
        let fault = || streamed(vec![frame(name, &json!({"message": "because"}))]);
        let stand_in = StandIn::start(vec![fault(), fault(), fault()]).await;
        let turn = ask(stand_in.bedrock("my.model")).await;
        assert_eq!(turn.exception, Some((kind.to_owned(), "model `my.model`: because".to_owned())), "{name}");
    }
}

#[tokio::test]
async fn a_word_that_is_out_stays_out_when_the_stream_fails() {
    let parts =
        vec![text(0, "<answer>Half of an answer"), frame("throttlingException", &json!({"message": "slow down"}))];
    let stand_in = StandIn::start(vec![streamed(parts), streamed(Vec::new())]).await;
    let turn = ask(stand_in.bedrock("my.model")).await;
    assert_eq!(turn.exception.unwrap().0, "ThrottlingException");
    assert_eq!((turn.text.as_str(), stand_in.left()), ("Half of an ", 1));
}

#[tokio::test]
async fn a_cut_answer_says_so_after_what_is_out() {
    let parts = [vec![text(0, "<answer>This is only the half of")], end("max_tokens")];
    let stand_in = StandIn::start(vec![streamed(parts.concat())]).await;
    let turn = ask(stand_in.bedrock("my.model")).await;
    let expected = "This is only the half of\n\n(The answer was cut off at the model's length limit.)";
    assert_eq!(turn.text, expected);
}

#[tokio::test]
async fn a_model_that_calls_after_its_answer_is_let_have_its_way() {
    let first =
        [vec![text(0, "<answer>Too early an answer.</answer>")], call(1, "a", "orders__get", &["{}"]), end("tool_use")];
    let second = [vec![text(0, "<answer>Now it is done.</answer>")], end("end_turn")];
    let stand_in = StandIn::start(vec![streamed(first.concat()), streamed(second.concat())]).await;
    assert_eq!(ask(stand_in.bedrock("my.model")).await.text, "Too early an answer.\n\nNow it is done.");
}

#[tokio::test]
async fn without_being_asked_for_a_stream_the_model_is_not_either() {
    let whole = json!({
        "output": {"message": {"role": "assistant", "content": [{"text": "One piece."}]}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
        "metrics": {"latencyMs": 1},
    });
    let stand_in = StandIn::start(vec![json_answer(200, whole)]).await;
    let desk = Desk::start(&one_agent(), Functions::echo(), stand_in.bedrock("my.model")).await;
    let turn = desk.say("Orders", "s1", "go").await;
    assert_eq!((turn.text.as_str(), turn.chunks), ("One piece.", 1));
    assert_eq!(stand_in.seen()[0].path, "/model/my.model/converse");
}
