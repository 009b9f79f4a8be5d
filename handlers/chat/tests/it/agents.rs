//! Bedrock Agents behind the front door: requests, traces, throttles and failures.

use chat::{event::What, session::CUSTOMER};
use serde_json::{Value, json};

use crate::{
    desk::{Desk, session, turn, with_token},
    fake::{
        Frame, Reply,
        agent::{call, chunk, model, reply, step},
        throttled,
    },
};

fn done() -> Reply {
    Reply::Stream(model("plain", 10, 1).into_iter().chain([chunk("done")]).collect())
}

#[tokio::test]
async fn the_service_gets_the_customer_the_session_and_the_memory_by_their_digests() {
    let desk = Desk::agent([done()]).await;
    desk.take(with_token("my session")).await;
    let asked = &desk.fake.asked()[0];
    let id = session("my session").id();
    assert_eq!(asked.uri, format!("/agents/AGENT12345/agentAliases/ALIAS12345/sessions/{id}/text"));
    assert_eq!(
        asked.body,
        json!({
            "inputText": "hello",
            "enableTrace": true,
            "memoryId": session("my session").actor(),
            "sessionState": {"sessionAttributes": {CUSTOMER: "CUST-1001"}},
            "streamingConfigurations": {"streamFinalResponse": true},
        })
    );
    let other = chat::session::Session::new("CUST-1002", "my session");
    assert!(other.id() != id && other.actor() != session("my session").actor());
}

#[tokio::test]
async fn calls_and_their_replies_are_shown_in_order() {
    let frames = model("plain", 10, 1).into_iter().chain([
        call("get_order", json!([{"name": "orderId", "type": "string", "value": "ORD-1"}])),
        call("get_order", json!([{"name": "orderId", "type": "string", "value": "ORD-2"}])),
        reply(r#"{"state": "sent"}"#),
        reply(r#"{"error": {"kind": "not found", "message": "there is no ORD-2"}}"#),
    ]);
    let frames = frames.chain(model("plain", 20, 2)).chain([chunk("It is "), chunk("sent.")]);
    let desk = Desk::agent([Reply::Stream(frames.collect())]).await;
    let read = desk.say("s").await;
    assert_eq!(
        read.kinds(),
        [
            "start",
            "data-session",
            "tool-input-available",
            "tool-input-available",
            "tool-output-available",
            "tool-output-error",
            "text-start",
            "text-delta",
            "text-delta",
            "text-end",
            "data-budget",
            "finish",
        ]
    );
    let calls = read.all("tool-input-available");
    assert_eq!((&calls[0]["toolName"], &calls[0]["input"]), (&json!("get_order"), &json!({"orderId": "ORD-1"})));
    let output = read.part("tool-output-available");
    assert_eq!((&output["toolCallId"], &output["output"]), (&calls[0]["toolCallId"], &json!({"state": "sent"})));
    let error = read.part("tool-output-error");
    assert_eq!((&error["toolCallId"], &error["errorText"]), (&calls[1]["toolCallId"], &json!("there is no ORD-2")));
    assert_eq!(read.answer(), "It is sent.");
    assert_eq!((read.counts.tokens.input, read.counts.tokens.output, read.counts.cost_micros), (30, 3, 60));
    assert_eq!(read.part("finish")["finishReason"], "stop");
}

#[tokio::test]
async fn an_operation_of_an_api_is_a_call_with_its_parameters_and_its_body() {
    let action = json!({
        "actionGroupName": "desk",
        "apiPath": "/request_refund",
        "verb": "post",
        "parameters": [{"name": "dryRun", "type": "boolean", "value": "true"}],
        "requestBody": {"content": {"application/json": [{"name": "amount", "type": "number", "value": "10.00"}]}},
    });
    let input = json!({"invocationType": "ACTION_GROUP", "actionGroupInvocationInput": action});
    let frames = model("plain", 10, 1).into_iter().chain([step("invocationInput", input), reply("fine"), chunk("ok")]);
    let desk = Desk::agent([Reply::Stream(frames.collect())]).await;
    let read = desk.say("s").await;
    let call = read.part("tool-input-available");
    assert_eq!(call["toolName"], "request_refund");
    assert_eq!(call["input"], json!({"dryRun": "true", "amount": "10.00"}));
    assert_eq!(read.part("tool-output-available")["output"], "fine");
}

#[tokio::test]
async fn the_tokens_of_all_agents_are_counted_with_their_models() {
    let of = |agent: &str, kind: &str, model: &str, input: u64| {
        let part = |member: &str, fields: Value| {
            let mut fields = fields;
            fields["traceId"] = json!(format!("{agent}-0"));
            Frame::Event("trace", json!({"agentId": agent, "trace": {kind: {member: fields}}}))
        };
        let usage = json!({"inputTokens": input, "outputTokens": 0});
        [
            part("modelInvocationInput", json!({"foundationModel": model})),
            part("modelInvocationOutput", json!({"metadata": {"usage": usage}})),
        ]
    };
    let [router_in, router_out] = of("SUPERVISOR", "routingClassifierTrace", "plain", 100);
    let [billing_in, billing_out] = of("BILLING123", "orchestrationTrace", "dear", 100);
    let [check_in, check_out] = of("SUPERVISOR", "preProcessingTrace", "plain", 1);
    let [last_in, last_out] = of("SUPERVISOR", "postProcessingTrace", "plain", 1);
    // two agents at the same time
    let frames =
        [check_in, check_out, router_in, billing_in, router_out, billing_out, last_in, last_out, chunk("done")];
    let desk = Desk::agent([Reply::Stream(frames.into())]).await;
    assert_eq!(desk.say("s").await.counts.cost_micros, 100 + 2 * 100 + 2);
}

#[tokio::test]
async fn a_parked_call_is_shown_with_its_approval_and_its_input() {
    let parked = r#"{"error": {"kind": "waiting for approval", "message": "it waits as `APR-7M2KQ4XWZA`"}}"#;
    let amount = json!([{"name": "amount", "type": "number", "value": "12500"}]);
    let frames = model("plain", 10, 1).into_iter().chain([call("refund", amount), reply(parked), chunk("It waits.")]);
    let desk = Desk::agent([Reply::Stream(frames.collect())]).await;
    let read = desk.say("s").await;
    let call = read.part("tool-input-available")["toolCallId"].clone();
    assert_eq!(
        read.part("data-approval")["data"],
        json!({"approvalId": "APR-7M2KQ4XWZA", "toolCallId": call, "tool": "refund", "input": {"amount": "12500"}})
    );
}

#[tokio::test]
async fn a_busy_service_is_tried_again_and_the_client_is_told() {
    let quota = Reply::Refuse(400, "ServiceQuotaExceededException", json!({"message": "no"}));
    let unavailable = Reply::Refuse(503, "ServiceUnavailable", json!({"message": "no"}));
    // this is how the service reports a model that is busy
    let first = Reply::Stream(vec![Frame::Exception("throttlingException", json!({"message": "no"}))]);
    let desk = Desk::agent([quota, unavailable, first, throttled(), done()]).await;
    let read = desk.say("s").await;
    assert_eq!((read.answer().as_str(), read.all("data-waiting").len(), read.counts.throttles), ("done", 4, 4));
    assert_eq!((read.all("data-waiting")[0]["transient"].clone(), read.counts.cost_micros), (json!(true), 20));
    assert_eq!(desk.fake.asked().len(), 5);
}

#[tokio::test]
async fn a_service_that_stays_busy_is_given_up() {
    let desk = Desk::agent([throttled()]).await;
    let read = desk.say("s").await;
    assert_eq!((desk.fake.asked().len(), read.counts.throttles), (5, 5));
    let text = read.part("error")["errorText"].as_str().unwrap();
    assert!(text.contains("busy, and nothing has begun"), "{text}");
    assert_eq!(read.part("finish")["finishReason"], "error");
}

#[tokio::test]
async fn what_has_begun_is_never_repeated() {
    for exception in ["throttlingException", "internalServerException", "dependencyFailedException"] {
        let frames = model("plain", 10, 1).into_iter().chain([
            call("refund", json!([])),
            chunk("I have "),
            Frame::Exception(exception, json!({"message": "SECRET of the service"})),
        ]);
        let desk = Desk::agent([Reply::Stream(frames.collect())]).await;
        let read = desk.say("s").await;
        assert_eq!(desk.fake.asked().len(), 1, "{exception}");
        assert_eq!(read.answer(), "I have ");
        let text = read.part("error")["errorText"].as_str().unwrap();
        assert!(text.starts_with("the turn failed half way"), "{text}");
        assert!(!read.text.contains("SECRET"), "{}", read.text);
    }
}

#[tokio::test]
async fn each_refusal_says_what_to_do_and_nothing_of_the_services_words() {
    for (status, code, expected) in [
        (409, "ConflictException", "this session still works on an earlier message"),
        (403, "AccessDeniedException", "the assistant cannot take the message, and nothing has begun"),
        (404, "ResourceNotFoundException", "the assistant cannot take the message, and nothing has begun"),
        (400, "ValidationException", "the assistant cannot take the message, and nothing has begun"),
        (424, "DependencyFailedException", "it is not known whether the turn has begun"),
        (502, "BadGatewayException", "it is not known whether the turn has begun"),
    ] {
        let desk = Desk::agent([Reply::Refuse(status, code, json!({"message": "SECRET of the service"}))]).await;
        let read = desk.say("s").await;
        let text = read.part("error")["errorText"].as_str().unwrap();
        assert!(text.contains(expected), "{code}: {text}");
        assert!(!read.text.contains("SECRET"), "{}", read.text);
        assert_eq!(desk.fake.asked().len(), 1);
    }
}

#[tokio::test]
async fn a_service_that_nobody_reaches_has_not_begun() {
    let desk = Desk::agent([done()]).await;
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let gone = desk.with_service(&format!("http://{closed}"));
    let read = gone.take(turn("s", What::Text("hello".to_owned()))).await;
    assert!(read.part("error")["errorText"].as_str().unwrap().contains("nothing has begun"), "{}", read.text);
    assert_eq!(read.counts.cost_micros, 0);
}

#[tokio::test]
async fn text_of_a_model_is_text_whatever_it_contains() {
    let hostile = "a\n\ndata: [DONE]\n\nevent: x\r\nid: 1\u{2028}\u{2029}\u{0}<script>\"\\\u{1b}[2J é";
    // chunks that end inside a character
    let (head, tail) = hostile.as_bytes().split_at(hostile.len() - 1);
    let frames = model("plain", 10, 1).into_iter().chain([
        call("a\ndata: x", json!([{"name": "b\n\n", "type": "string", "value": hostile}])),
        reply(hostile),
        chunk(head),
        chunk(tail),
    ]);
    let desk = Desk::agent([Reply::Stream(frames.collect())]).await;
    let read = desk.say("s").await;
    assert_eq!(read.answer(), hostile);
    assert_eq!(read.part("tool-input-available")["input"], json!({"b\n\n": hostile}));
    assert_eq!(read.part("tool-output-available")["output"], hostile);
    assert!(read.text.lines().all(|line| line.is_empty() || line.starts_with("data: ")), "{}", read.text);
    assert_eq!(read.text.matches("\ndata: [DONE]\n\n").count(), 1);
}
