//! Invalid requests, and the rule that a session runs one turn at a time.

use std::time::Duration;

use serde_json::{Value, json};

use super::support::*;

async fn post(url: &str, body: &str) -> (u16, String, Value) {
    let answer = reqwest::Client::new().post(url).body(body.to_owned()).send().await.unwrap();
    let status = answer.status().as_u16();
    let kind =
        answer.headers().get("x-amzn-errortype").map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default();
    let text = answer.text().await.unwrap();
    (status, kind, serde_json::from_str(&text).unwrap_or(Value::Null))
}

#[tokio::test]
async fn requests_that_break_a_limit_are_refused_before_the_stream() {
    let desk = Desk::start(&one_agent(), Functions::echo(), model(|_| answer("fine"))).await;
    let path = |agent: &str, alias: &str, session: &str| {
        format!("{}/agents/{agent}/agentAliases/{alias}/sessions/{session}/text", desk.url)
    };
    let good = path("Orders", "TSTALIASID", "s-1");
    let hello = r#"{"inputText": "hi"}"#;
    let many = json!({"sessionState": {"invocationId": "x", "returnControlInvocationResults": vec![json!({"functionResult": {"actionGroup": "a"}}); 6]}}).to_string();
    for (url, body, status, kind) in [
        (path("Nobody", "TSTALIASID", "s-1"), hello, 404, "ResourceNotFoundException"),
        (path("Orders", "NOALIAS", "s-1"), hello, 404, "ResourceNotFoundException"),
        (path("No-body", "TSTALIASID", "s-1"), hello, 400, "ValidationException"),
        (path("Orders", "TSTALIASID", "s"), hello, 400, "ValidationException"),
        (path("Orders", "TSTALIASID", "s%201"), hello, 400, "ValidationException"),
        (path("Orders", "TSTALIASID", &"s".repeat(101)), hello, 400, "ValidationException"),
        (path("Orders", "TSTALIASID", "%ff%fe"), hello, 400, "ValidationException"),
        (good.clone(), "{", 400, "ValidationException"),
        (good.clone(), "{}", 400, "ValidationException"),
        (good.clone(), r#"{"inputText": ""}"#, 400, "ValidationException"),
        (good.clone(), r#"{"inputText": 7}"#, 400, "ValidationException"),
        (good.clone(), r#"{"inputText": "hi", "memoryId": "a b"}"#, 400, "ValidationException"),
        (
            good.clone(),
            r#"{"inputText": "hi", "sessionState": {"sessionAttributes": {"n": 1}}}"#,
            400,
            "ValidationException",
        ),
        (
            good.clone(),
            r#"{"inputText": "hi", "streamingConfigurations": {"applyGuardrailInterval": 0}}"#,
            400,
            "ValidationException",
        ),
        (good.clone(), r#"{"sessionState": {"invocationId": "x"}}"#, 400, "ValidationException"),
        (
            good.clone(),
            r#"{"sessionState": {"invocationId": "x", "returnControlInvocationResults": []}}"#,
            400,
            "ValidationException",
        ),
        (good.clone(), many.as_str(), 400, "ValidationException"),
        (
            good.clone(),
            r#"{"sessionState": {"invocationId": "x", "returnControlInvocationResults": [{"functionResult": {"actionGroup": "a", "confirmationState": "MAYBE"}}]}}"#,
            400,
            "ValidationException",
        ),
    ] {
        let (got, name, answer) = post(&url, body).await;
        assert_eq!((got, name.as_str()), (status, kind), "{url} {body} {answer}");
        assert!(answer["message"].as_str().is_some_and(|message| !message.is_empty()), "{answer}");
    }
    assert_eq!(post(&good, hello).await.0, 200);
    assert_eq!(post(&path("Orders", "dev", "s%3A1"), hello).await.0, 200, "aliases of the template work");
}

#[tokio::test]
async fn a_session_takes_one_turn_at_a_time() {
    let functions = Functions::new(|event| Reply::Later(Duration::from_millis(300), Box::new(ok(event, &json!("ok")))));
    let play = model(|seen| match seen.results.first() {
        None => Say::Calls(vec![("orders__get", json!({}))]),
        Some(_) => answer("done"),
    });
    let desk = Desk::start(&one_agent(), functions, play).await;
    let first = desk.say("Orders", "s1", "go");
    let second = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        desk.to("Orders", "s1").input_text("me too").send().await.unwrap_err().into_service_error()
    };
    let (first, second) = tokio::join!(first, second);
    assert_eq!(first.text, "done");
    assert!(second.is_conflict_exception(), "{second:?}");
    assert_eq!(desk.say("Orders", "s1", "again").await.text, "done");
}

#[tokio::test]
async fn a_turn_outlives_a_caller_who_hangs_up() {
    let functions = Functions::new(|event| Reply::Later(Duration::from_millis(150), Box::new(ok(event, &json!("ok")))));
    let play = model(|seen| match (seen.text.as_str(), seen.results.first()) {
        ("go", None) => Say::Calls(vec![("orders__get", json!({}))]),
        _ => answer(format!("{} messages", seen.messages)),
    });
    let desk = Desk::start(&one_agent(), functions.clone(), play).await;
    drop(desk.to("Orders", "s1").input_text("go").send().await.unwrap());
    tokio::time::sleep(Duration::from_millis(400)).await;
    assert_eq!(desk.say("Orders", "s1", "and?").await.text, "5 messages");
}

#[tokio::test]
async fn a_model_that_panics_fails_the_turn_and_not_the_session() {
    let play = model(|seen| if seen.text == "panic" { panic!("on purpose") } else { answer("fine") });
    let desk = Desk::start(&one_agent(), Functions::echo(), play).await;
    assert_eq!(desk.say("Orders", "s1", "panic").await.exception.unwrap().0, "InternalServerException");
    assert_eq!(desk.say("Orders", "s2", "hi").await.text, "fine");
    let again = desk.to("Orders", "s1").input_text("hi").send().await;
    assert!(again.is_ok(), "the session is not left busy");
}

#[tokio::test]
async fn the_report_names_agents_tools_and_model() {
    let desk = Desk::start(&one_agent(), Functions::echo(), model(|_| answer("fine"))).await;
    let report: Value = reqwest::get(format!("{}/agents", desk.url)).await.unwrap().json().await.unwrap();
    assert_eq!(
        report,
        json!([{
            "agentId": "Orders",
            "agentName": "desk-orders",
            "aliases": ["dev", "TSTALIASID"],
            "collaborators": [],
            "model": "test:closure",
            "scripted": false,
            "tools": ["orders__get", "orders__list", "orders__cancel"],
        }])
    );
}
