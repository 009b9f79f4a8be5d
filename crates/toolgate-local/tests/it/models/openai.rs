//! `openai:` against a stand-in. Every request is checked against OpenAI's published schema, as `async-openai` defines
//! it.

use async_openai::types::chat::CreateChatCompletionRequest;
use aws_sdk_bedrockagentruntime::types::StreamingConfigurations;
use serde_json::{Value, json};
use toolgate_local::template::Inference;

use super::stand_in::{Answer, Seen, StandIn, json_answer, raw};
use crate::agents::support::*;

pub(super) fn says(message: Value, reason: &str) -> Answer {
    json_answer(
        200,
        json!({
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1_790_000_000,
            "model": "local-model",
            // Fields that several servers add, and OpenAI does not have.
            "service_tier": "on_demand",
            "timings": {"prompt_ms": 1.5},
            "choices": [{"index": 0, "message": message, "finish_reason": reason, "logprobs": null}],
            "usage": {"prompt_tokens": 80, "completion_tokens": 20, "total_tokens": 100},
        }),
    )
}

pub(super) fn chunk(delta: Value, reason: Option<&str>) -> String {
    let choice = json!({"index": 0, "delta": delta, "finish_reason": reason});
    let chunk = json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice]});
    format!("data: {chunk}\n\n")
}

pub(super) const DONE: &str =
    "data: {\"choices\": [], \"usage\": {\"prompt_tokens\": 80, \"completion_tokens\": 20}}\n\ndata: [DONE]\n\n";

pub(super) fn events(parts: &[String]) -> Answer {
    raw("text/event-stream; charset=utf-8", parts.iter().cloned())
}

pub(super) async fn ask_streaming(desk: &Desk) -> Turn {
    let streaming = StreamingConfigurations::builder().stream_final_response(true).apply_guardrail_interval(10).build();
    collect(desk.to("Orders", "s1").input_text("go").streaming_configurations(streaming)).await
}

fn called(id: &str, name: &str, arguments: &str) -> Value {
    json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}})
}

/// Checks that a request matches the schema and has no fields beyond it.
fn assert_in_schema(seen: &Seen) {
    assert_eq!(seen.path, "/v1/chat/completions");
    let typed: CreateChatCompletionRequest =
        serde_json::from_value(seen.body.clone()).unwrap_or_else(|error| panic!("{error}\n{:#}", seen.body));
    // Compare as numbers: the types use `f32`, and 0.25 has the same value in both.
    assert_eq!(serde_json::to_value(typed).unwrap(), seen.body);
}

#[tokio::test]
async fn parallel_unknown_and_refused_calls_are_all_answered() {
    let calls = [
        called("a", "orders__get", "{\"count\": 9007199254740993}"),
        called("b", "orders__teleport", "{}"),
        called("c", "orders__list", "not json"),
    ];
    let asked = json!({"role": "assistant", "content": "I look.", "tool_calls": calls});
    let answer = json!({"role": "assistant", "content": "All seen.", "refusal": null});
    let stand_in = StandIn::start(vec![says(asked, "tool_calls"), says(answer, "stop")]).await;
    let functions = Functions::new(|event| ok(event, &json!({"status": "shipped"})));
    let mut template = one_agent();
    template.agents[0].prompt.inference = Inference {
        temperature: Some(0.25),
        top_p: Some(0.5),
        max_tokens: Some(4000),
        stop_sequences: vec!["END".to_owned()],
        ..Inference::default()
    };
    let desk = Desk::start(&template, functions.clone(), stand_in.openai(None)).await;
    let turn = desk.say("Orders", "s1", "go").await;
    assert_eq!((turn.text.as_str(), turn.exception), ("All seen.", None));
    let events = functions.events();
    assert_eq!((events.len(), parameters(&events[0])["count"].as_str()), (1, "9007199254740993"));

    let seen = stand_in.seen();
    seen.iter().for_each(assert_in_schema);
    let first = &seen[0].body;
    assert_eq!(
        (&first["model"], &first["temperature"], &first["top_p"], &first["max_tokens"], &first["stop"]),
        (&json!("local-model"), &json!(0.25), &json!(0.5), &json!(4000), &json!(["END"]))
    );
    assert_eq!(first["messages"][0], json!({"role": "system", "content": "You are Orders."}));
    assert_eq!(first["tools"][0]["function"]["name"], "orders__get");
    assert_eq!(first["tools"][0]["function"]["parameters"]["properties"]["count"]["type"], "integer");
    assert!(first.get("stream").is_none());
    let messages = seen[1].body["messages"].as_array().unwrap();
    assert_eq!(messages[2]["content"], "I look.");
    let arguments = |at: usize| messages[2]["tool_calls"][at]["function"]["arguments"].as_str().unwrap();
    assert_eq!(arguments(0), "{\"count\":9007199254740993}");
    assert_eq!(arguments(2), "{\"unreadable\":\"not json\"}", "a server's own template may read them as JSON");
    let result = |at: usize| (messages[at]["role"].as_str(), messages[at]["tool_call_id"].as_str());
    assert_eq!([result(3), result(4), result(5)], ["a", "b", "c"].map(|id| (Some("tool"), Some(id))));
    assert!(messages[4]["content"].as_str().unwrap().starts_with("Error: there is no tool"));
    assert!(messages[5]["content"].as_str().unwrap().contains("must be a JSON object"));
}

#[tokio::test]
async fn the_key_is_sent_and_nothing_else_knows_it() {
    let stand_in = StandIn::start(vec![says(json!({"content": "Hi."}), "stop")]).await;
    let models = stand_in.openai(Some("sk-very-secret"));
    assert!(!format!("{models:?}").contains("very-secret"));
    let desk = Desk::start(&one_agent(), Functions::echo(), models).await;
    assert_eq!(desk.say("Orders", "s1", "go").await.text, "Hi.");
    assert_eq!(stand_in.seen()[0].headers["authorization"], "Bearer sk-very-secret");
    let stand_in = StandIn::start(vec![says(json!({"content": "Hi."}), "stop")]).await;
    let desk = Desk::start(&one_agent(), Functions::echo(), stand_in.openai(None)).await;
    desk.say("Orders", "s1", "go").await;
    assert!(!stand_in.seen()[0].headers.contains_key("authorization"));
}

#[tokio::test]
async fn an_answer_is_streamed_and_calls_are_put_together_from_their_pieces() {
    let call = |index: i32, id: Option<&str>, name: Option<&str>, arguments: &str| {
        let mut call = json!({"index": index, "function": {"arguments": arguments}});
        if let (Some(id), Some(name)) = (id, name) {
            call["id"] = json!(id);
            call["type"] = json!("function");
            call["function"]["name"] = json!(name);
        }
        chunk(json!({"tool_calls": [call]}), None)
    };
    let first = [
        chunk(json!({"role": "assistant", "content": ""}), None),
        chunk(json!({"content": "I look."}), None),
        call(0, Some("a"), Some("orders__get"), ""),
        call(0, None, None, "{\"cou"),
        call(1, Some("b"), Some("orders__list"), "{}"),
        call(0, None, None, "nt\": 7}"),
        chunk(json!({}), Some("tool_calls")),
        DONE.to_owned(),
    ];
    let second = [
        chunk(json!({"reasoning_content": "Easy."}), None),
        chunk(json!({"content": "<answer>All "}), None),
        chunk(json!({"content": "is well with both of them.</ans"}), None),
        chunk(json!({"content": "wer>"}), Some("stop")),
        DONE.to_owned(),
    ];
    let stand_in = StandIn::start(vec![events(&first), events(&second)]).await;
    let functions = Functions::echo();
    let desk = Desk::start(&one_agent(), functions.clone(), stand_in.openai(None)).await;
    let turn = ask_streaming(&desk).await;
    assert_eq!((turn.text.as_str(), turn.exception), ("All is well with both of them.", None));
    assert!(turn.chunks > 1, "{} chunks", turn.chunks);
    let get = functions.events().into_iter().find(|event| tool_of(event) == "get").unwrap();
    assert_eq!(parameters(&get)["count"], "7");
    let seen = stand_in.seen();
    seen.iter().for_each(assert_in_schema);
    assert_eq!(
        (&seen[0].body["stream"], &seen[0].body["stream_options"]),
        (&json!(true), &json!({"include_usage": true}))
    );
    assert_eq!(seen[1].body["messages"][2]["tool_calls"][1]["id"], "b");
}

#[tokio::test]
async fn servers_that_leave_things_out_are_understood() {
    // No ids, no index, arguments as JSON, no usage, and a wrong finish reason.
    let whole = json!({"choices": [{"finish_reason": "stop", "message": {"tool_calls": [
        {"function": {"name": "orders__get", "arguments": {"id": "1"}}},
        {"function": {"name": "orders__get", "arguments": {"id": "2"}}},
    ]}}]});
    let first = json!({"choices": [{"delta": {"tool_calls": [{"function": {"name": "orders__get", "arguments": "{\"id\": \"1\"}"}}]}}]});
    let second = first.to_string().replace("\\\"1", "\\\"2");
    let last = json!({"choices": [{"delta": {}, "finish_reason": "stop"}]});
    let streamed = format!("data: {first}\r\n\r\ndata:{second}\n\n: a comment\n\ndata: {last}\n\n");
    for answer in [json_answer(200, whole), events(&[streamed])] {
        let stand_in = StandIn::start(vec![answer, says(json!({"content": "ok"}), "stop")]).await;
        let functions = Functions::echo();
        let desk = Desk::start(&one_agent(), functions.clone(), stand_in.openai(None)).await;
        assert_eq!(ask_streaming(&desk).await.text, "ok");
        let mut ids: Vec<String> = functions.events().iter().map(|event| parameters(event)["id"].clone()).collect();
        ids.sort();
        assert_eq!(ids, ["1", "2"]);
    }
}

#[tokio::test]
async fn the_reason_for_a_short_answer_is_reported() {
    for (message, reason, text) in [
        (json!({"content": "half"}), "length", "half\n\n(The answer was cut off at the model's length limit.)"),
        (json!({"content": "Not that."}), "content_filter", "Not that."),
        (json!({"content": null, "refusal": "I will not."}), "stop", "I will not."),
        (json!({"content": "Fine."}), "a_new_reason", "Fine."),
    ] {
        let stand_in = StandIn::start(vec![says(message.clone(), reason)]).await;
        let desk = Desk::start(&one_agent(), Functions::echo(), stand_in.openai(None)).await;
        assert_eq!(desk.say("Orders", "s1", "go").await.text, text);
        let streamed = [chunk(message, Some(reason)), DONE.to_owned()];
        let stand_in = StandIn::start(vec![events(&streamed)]).await;
        let desk = Desk::start(&one_agent(), Functions::echo(), stand_in.openai(None)).await;
        assert_eq!(ask_streaming(&desk).await.text, text);
    }
}
