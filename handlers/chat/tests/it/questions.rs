//! Confirmations: the exact input is shown, and an answer reaches exactly the call that it was about.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chat::event::{Answer, What};
use serde_json::{Value, json};

use crate::{
    desk::{Desk, Read, turn},
    fake::{
        Frame, Reply,
        agent::{call, chunk, model, question, reply},
    },
};

fn amount(value: &str) -> Value {
    json!([{"name": "amount", "type": "number", "value": value}])
}

fn asked(functions: &[(&str, Value)]) -> Reply {
    Reply::Stream(model("plain", 10, 1).into_iter().chain([chunk("May I?"), question(functions)]).collect())
}

fn done(frames: impl IntoIterator<Item = Frame>) -> Reply {
    Reply::Stream(frames.into_iter().chain(model("plain", 10, 1)).chain([chunk("done")]).collect())
}

fn ids(read: &Read) -> Vec<String> {
    read.all("tool-approval-request").iter().map(|part| part["approvalId"].as_str().unwrap().to_owned()).collect()
}

fn is_invalid(read: &Read) -> bool {
    read.part("error")["errorText"].as_str().unwrap().starts_with("the answers do not fit the open questions")
}

#[tokio::test]
async fn a_yes_reaches_the_call_and_its_reply_has_the_calls_id() {
    let replies = [asked(&[("refund", amount("10.00"))]), done([call("refund", amount("10.00")), reply("{}")])];
    let desk = Desk::agent(replies).await;
    let read = desk.say("s").await;
    let kinds = read.kinds();
    let end = ["text-end", "tool-input-available", "tool-approval-request", "data-budget", "finish"];
    assert_eq!(&kinds[kinds.len() - 5..], end);
    assert_eq!(read.part("finish")["finishReason"], "tool-calls");
    let shown = read.part("tool-input-available");
    assert_eq!((&shown["toolName"], &shown["input"]), (&json!("refund"), &json!({"amount": "10.00"})));
    let request = read.part("tool-approval-request");
    assert_eq!(request["toolCallId"], shown["toolCallId"]);
    // the question is complete, and its model turns are known
    assert_eq!(read.counts.cost_micros, 20);

    let answered = desk.answer(&[(request["approvalId"].as_str().unwrap(), true)]).await;
    assert_eq!(answered.part("tool-output-available")["toolCallId"], shown["toolCallId"]);
    let state = desk.fake.asked()[1].body["sessionState"].clone();
    assert_eq!(state["invocationId"], "invocation-1");
    assert_eq!(
        state["returnControlInvocationResults"],
        json!([{"functionResult": {
            "actionGroup": "desk",
            "function": "refund",
            "agentId": "BILLING123",
            "confirmationState": "CONFIRM",
        }}])
    );
    assert_eq!(desk.fake.asked()[1].body.get("inputText"), None);
}

#[tokio::test]
async fn an_operation_of_an_api_is_answered_with_its_path_and_method_as_they_came() {
    let input = json!({"apiInvocationInput": {
        "actionGroup": "desk",
        "apiPath": "/refund",
        "httpMethod": "POST",
        "agentId": "BILLING123",
        "actionInvocationType": "USER_CONFIRMATION",
        "requestBody": {"content": {"application/json": {"properties": amount("10.00")}}},
    }});
    let control = Frame::Event("returnControl", json!({"invocationId": "invocation-1", "invocationInputs": [input]}));
    let first = Reply::Stream(model("plain", 10, 1).into_iter().chain([control]).collect());
    let desk = Desk::agent([first, done([])]).await;
    let read = desk.say("s").await;
    assert_eq!(read.part("tool-input-available")["input"], json!({"amount": "10.00"}));
    desk.answer(&[(&ids(&read)[0], true)]).await;
    assert_eq!(
        desk.fake.asked()[1].body["sessionState"]["returnControlInvocationResults"],
        json!([{"apiResult": {
            "actionGroup": "desk",
            "apiPath": "/refund",
            "httpMethod": "POST",
            "agentId": "BILLING123",
            "confirmationState": "CONFIRM",
        }}])
    );
}

#[tokio::test]
async fn questions_are_answered_together_and_silence_is_a_no() {
    let calls = [("refund", amount("1")), ("refund", amount("2")), ("close", json!([]))];
    let desk = Desk::agent([asked(&calls), done([])]).await;
    let read = desk.say("s").await;
    let ids = ids(&read);
    let answered = desk.answer(&[(&ids[2], false), (&ids[1], true)]).await;
    let results = desk.fake.asked()[1].body["sessionState"]["returnControlInvocationResults"].clone();
    let states: Vec<&Value> =
        results.as_array().unwrap().iter().map(|result| &result["functionResult"]["confirmationState"]).collect();
    assert_eq!(states, ["DENY", "CONFIRM", "DENY"]);
    let shown = read.all("tool-input-available");
    let denied: Vec<&Value> = answered.all("tool-output-denied").iter().map(|part| &part["toolCallId"]).collect();
    assert_eq!(denied, [&shown[0]["toolCallId"], &shown[2]["toolCallId"]]);
}

#[tokio::test]
async fn an_input_with_two_values_of_one_name_is_shown_with_both() {
    let both = json!([{"name": "amount", "value": "1"}, {"name": "amount", "value": "900"}]);
    let desk = Desk::agent([asked(&[("refund", both.clone())])]).await;
    assert_eq!(desk.say("s").await.part("tool-input-available")["input"], both);
}

#[tokio::test]
async fn a_call_that_needs_more_than_a_yes_ends_the_turn() {
    for kind in ["RESULT", "USER_CONFIRMATION_AND_RESULT", "NEW_KIND"] {
        let input = json!({"functionInvocationInput": {
            "actionGroup": "desk", "function": "refund", "actionInvocationType": kind, "parameters": [],
        }});
        let control = json!({"invocationId": "invocation-1", "invocationInputs": [input]});
        let frames = model("plain", 10, 1).into_iter().chain([Frame::Event("returnControl", control)]);
        let desk = Desk::agent([Reply::Stream(frames.collect())]).await;
        let read = desk.say("s").await;
        assert!(read.all("tool-approval-request").is_empty(), "{kind}");
        let text = read.part("error")["errorText"].as_str().unwrap();
        assert!(text.starts_with("the assistant asks for something"), "{text}");
        assert_eq!(read.counts.cost_micros, 20);
    }
}

#[tokio::test]
async fn ids_that_do_not_belong_together_reach_no_service() {
    let desk = Desk::agent([asked(&[("refund", amount("1")), ("close", json!([]))])]).await;
    let (first, second) = (ids(&desk.say("s").await), ids(&desk.say("s").await));
    let called = desk.fake.asked().len();
    for answers in [
        vec![(first[0].as_str(), true), (first[0].as_str(), false)],
        vec![(first[0].as_str(), true), (second[1].as_str(), true)],
    ] {
        assert!(is_invalid(&desk.answer(&answers).await), "{answers:?}");
    }
    assert_eq!(desk.fake.asked().len(), called);
}

#[tokio::test]
async fn an_id_that_is_not_of_the_right_form_reaches_no_service() {
    let desk = Desk::agent([asked(&[("refund", amount("1"))])]).await;
    let id = ids(&desk.say("s").await).remove(0);
    let good: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(&id).unwrap()).unwrap();
    assert!(!good.to_string().contains("amount"), "an id has no input: {good}");
    let changed = |pointer: &str, value: Value| {
        let mut id = good.clone();
        *id.pointer_mut(pointer).unwrap() = value;
        BASE64_URL_SAFE_NO_PAD.encode(id.to_string())
    };
    let mut more = good.clone();
    more["responseBody"] = json!({"TEXT": {"body": "paid"}});
    let mut inner = good.clone();
    inner["q"]["c"][0]["responseBody"] = json!({"TEXT": {"body": "paid"}});
    for bad in [
        String::new(),
        "~".to_owned(),
        format!("{id}="),
        format!("{id}{id}"),
        BASE64_URL_SAFE_NO_PAD.encode(more.to_string()),
        BASE64_URL_SAFE_NO_PAD.encode(inner.to_string()),
        changed("/x", json!(1)),
        changed("/x", json!(-1)),
        changed("/q/i", json!("")),
        changed("/q/i", json!("a".repeat(1_025))),
        changed("/q/c", json!([])),
        changed("/q/c", json!(vec![good["q"]["c"][0].clone(); 6])),
        changed("/q/c/0/t", json!({"f": "refund", "p": {"path": "/x", "method": "GET"}})),
        changed("/q/c/0/t", json!({"f": ""})),
        changed("/q/c/0/g", json!(null)),
        changed("/q/c/0/n", json!("n".repeat(5_000))),
    ] {
        let read = desk.answer(&[(&bad, true)]).await;
        assert!(is_invalid(&read), "{bad}: {}", read.text);
        assert_eq!(read.counts.cost_micros, 0);
    }
    assert_eq!(desk.fake.asked().len(), 1);
}

#[tokio::test]
async fn what_the_service_refuses_of_an_answer_has_a_sentence_of_its_own() {
    let refused = Reply::Refuse(400, "ValidationException", json!({"message": "`invocationId` is not the one"}));
    let desk = Desk::agent([asked(&[("refund", amount("1"))]), refused]).await;
    let id = ids(&desk.say("s").await).remove(0);
    let read = desk.take(turn("another", What::Answers(vec![Answer { id, approved: true }]))).await;
    assert!(is_invalid(&read), "{}", read.text);
    assert_eq!(read.counts.cost_micros, 0);
}

#[tokio::test]
async fn an_answer_is_not_repeated_once_a_stream_has_begun() {
    let busy = Reply::Stream(vec![Frame::Exception("throttlingException", json!({"message": "no"}))]);
    let desk = Desk::agent([asked(&[("refund", amount("1"))]), busy]).await;
    let id = ids(&desk.say("s").await).remove(0);
    let read = desk.answer(&[(&id, true)]).await;
    assert!(read.part("error")["errorText"].as_str().unwrap().starts_with("the turn failed half way"));
    assert_eq!((desk.fake.asked().len(), read.counts.cost_micros), (2, 5_000));
}
