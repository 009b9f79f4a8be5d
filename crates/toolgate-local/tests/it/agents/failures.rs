//! Failures: the model gets those that it can correct, the caller gets the others.

use serde_json::{Value, json};
use toolgate_local::models::{ModelError, ModelErrorKind};

use super::support::*;

const MALFORMED: &str =
    "The server encountered an error processing the Lambda response. Check the Lambda response and retry the request";

/// One call of `orders__get`, then an answer that repeats the tool's text.
fn call_once() -> toolgate_local::models::Models {
    model(|seen| match seen.results.first() {
        None => Say::Calls(vec![("orders__get", json!({"id": "1"}))]),
        Some(results) => answer(format!("{}|{}", results[0].1, results[0].0)),
    })
}

async fn with(handler: impl Fn(&Value) -> Reply + Send + Sync + 'static) -> (Turn, usize) {
    let functions = Functions::new(handler);
    let desk = Desk::start(&one_agent(), functions.clone(), call_once()).await;
    let turn = desk.say("Orders", "s1", "go").await;
    (turn, functions.called().len())
}

#[tokio::test]
async fn an_unknown_tool_and_a_bad_input_are_reported_to_the_model() {
    let functions = Functions::echo();
    let play = model(|seen| match seen.results.first() {
        None => Say::Calls(vec![
            ("orders__fly", json!({})),
            ("orders__get", json!("seven")),
            ("orders__get", json!({"id": "7"})),
        ]),
        Some(results) => {
            answer(results.iter().map(|(text, error)| format!("{error}: {text}")).collect::<Vec<_>>().join("\n"))
        }
    });
    let desk = Desk::start(&one_agent(), functions.clone(), play).await;
    let turn = desk.say("Orders", "s1", "go").await;
    let lines: Vec<&str> = turn.text.lines().collect();
    assert!(
        lines[0].starts_with("true: there is no tool `orders__fly`") && lines[0].contains("orders__get"),
        "{}",
        turn.text
    );
    assert!(lines[1].starts_with("true: the input of `orders__get`"), "{}", turn.text);
    assert!(lines[2].starts_with("false: "), "{}", turn.text);
    assert_eq!(functions.called(), ["get"]);
}

#[tokio::test]
async fn a_reprompt_goes_to_the_model_as_a_failed_call() {
    let (turn, _) = with(|event| {
        let mut reply = envelope(event, 200, &json!("which id?"));
        reply["response"]["functionResponse"]["responseState"] = json!("REPROMPT");
        Reply::Raw(reply)
    })
    .await;
    assert_eq!(turn.text, "true|which id?");
    assert!(turn.trail().contains(&"Orders observation REPROMPT".to_owned()), "{:?}", turn.trail());
}

#[tokio::test]
async fn a_function_error_ends_the_stream_with_the_services_own_words() {
    let (turn, calls) = with(|_| Reply::Error("Unhandled")).await;
    assert_eq!(turn.trail().last().unwrap(), "Orders failureTrace");
    let (kind, text) = turn.exception.unwrap();
    assert_eq!(kind, "DependencyFailedException");
    assert_eq!(
        text,
        "Your request couldn't be completed. Lambda function arn:aws:lambda:us-east-1:123456789012:function:OrdersFunction encountered a problem \
         while processing request.The error message from the Lambda function is Unhandled. Check the Lambda function log for error details, then \
         try your request again after fixing the error."
    );
    assert_eq!(calls, 1, "a function that ran is not run again");
}

#[tokio::test]
async fn a_failure_reply_ends_the_stream_too() {
    let (turn, _) = with(|event| {
        let mut reply = envelope(event, 200, &json!("no"));
        reply["response"]["functionResponse"]["responseState"] = json!("FAILURE");
        Reply::Raw(reply)
    })
    .await;
    assert_eq!(turn.exception.unwrap().0, "DependencyFailedException");
}

#[tokio::test]
async fn every_malformed_reply_is_reported_in_the_same_words() {
    type Spoil = fn(&mut Value);
    let spoilt: [(&str, Spoil); 9] = [
        ("no messageVersion", |reply| drop(reply.as_object_mut().unwrap().remove("messageVersion"))),
        ("another version", |reply| reply["messageVersion"] = json!("2.0")),
        ("another group", |reply| reply["response"]["actionGroup"] = json!("other")),
        ("another function", |reply| reply["response"]["function"] = json!("list")),
        ("another content type", |reply| {
            reply["response"]["functionResponse"]["responseBody"] = json!({"JSON": {"body": "x"}})
        }),
        ("a body that is no text", |reply| {
            reply["response"]["functionResponse"]["responseBody"] = json!({"TEXT": {"body": {"a": 1}}})
        }),
        ("an unknown state", |reply| reply["response"]["functionResponse"]["responseState"] = json!("RETRY")),
        ("attributes that are no text", |reply| reply["sessionAttributes"] = json!({"n": 1})),
        ("no object", |reply| *reply = json!("fine")),
    ];
    for (name, spoil) in spoilt {
        let (turn, _) = with(move |event| {
            let mut reply = envelope(event, 200, &json!("ok"));
            spoil(&mut reply);
            Reply::Raw(reply)
        })
        .await;
        assert_eq!(turn.exception, Some(("DependencyFailedException".to_owned(), MALFORMED.to_owned())), "{name}");
        assert_eq!(turn.trail().last().unwrap(), "Orders failureTrace", "{name}");
    }
}

#[tokio::test]
async fn only_what_nobody_took_is_tried_again() {
    let (turn, calls) = with(|_| Reply::Failure { never_taken: false }).await;
    assert_eq!((turn.exception.unwrap().0.as_str(), calls), ("DependencyFailedException", 1));
    let (turn, calls) = with(|_| Reply::Failure { never_taken: true }).await;
    assert_eq!((turn.exception.unwrap().0.as_str(), calls), ("DependencyFailedException", 3));
    let count = std::sync::atomic::AtomicUsize::new(0);
    let (turn, calls) = with(move |event| match count.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
        0 => Reply::Failure { never_taken: true },
        _ => ok(event, &json!("at last")),
    })
    .await;
    assert_eq!((turn.text.as_str(), calls), ("false|at last", 2));
}

#[tokio::test]
async fn a_session_goes_on_after_a_failed_turn_and_the_model_sees_what_failed() {
    let functions = Functions::new(|_| Reply::Error("Unhandled"));
    let play = model(|seen| match seen.text.as_str() {
        "go" => Say::Calls(vec![("orders__get", json!({"id": "1"}))]),
        _ => answer(format!("{} messages", seen.messages)),
    });
    let desk = Desk::start(&one_agent(), functions, play).await;
    assert!(desk.say("Orders", "s1", "go").await.exception.is_some());
    assert_eq!(desk.say("Orders", "s1", "and now?").await.text, "3 messages");
}

#[tokio::test]
async fn a_models_errors_become_the_services_exceptions() {
    for (kind, name) in [
        (ModelErrorKind::Throttled, "ThrottlingException"),
        (ModelErrorKind::AccessDenied, "AccessDeniedException"),
        (ModelErrorKind::NotFound, "ResourceNotFoundException"),
        (ModelErrorKind::Invalid, "ValidationException"),
        (ModelErrorKind::NotReady, "ModelNotReadyException"),
        (ModelErrorKind::Unavailable, "BadGatewayException"),
        (ModelErrorKind::BadAnswer, "DependencyFailedException"),
    ] {
        let play = model(move |_| Say::Error(ModelError { kind, message: "the model is out".to_owned() }));
        let desk = Desk::start(&one_agent(), Functions::echo(), play).await;
        let turn = desk.say("Orders", "s1", "go").await;
        assert_eq!(turn.exception, Some((name.to_owned(), "the model is out".to_owned())));
    }
}
