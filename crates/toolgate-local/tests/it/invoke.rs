//! Lambda's Invoke.

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use serde_json::{Value, json};

use crate::support::{TEMPLATE, header, start};

#[tokio::test]
async fn a_function_is_invoked_by_any_of_its_names() {
    let agent = start(TEMPLATE).await;
    let arn = "arn%3Aaws%3Alambda%3Aus-east-1%3A123456789012%3Afunction%3AEcho%3Alive";
    for name in ["echo_function", "Echo", "Echo:live", "123456789012:function:Echo", arn] {
        let reply = agent.invoke(name, json!({"hello": "you"})).await;
        assert_eq!(reply.status(), 200, "{name}");
        assert_eq!(header(&reply, "x-amz-executed-version"), Some("$LATEST"));
        assert_eq!(header(&reply, "x-amz-function-error"), None);
        let reply: Value = reply.json().await.unwrap();
        assert_eq!(reply["event"], json!({"hello": "you"}));
    }
}

#[tokio::test]
async fn a_function_sees_what_lambda_would_tell_it_and_nothing_of_this_shell() {
    let agent = start(TEMPLATE).await;
    let reply = agent.invoke("Echo", json!({})).await;
    let id = header(&reply, "x-amzn-requestid").unwrap().to_owned();
    let reply: Value = reply.json().await.unwrap();
    let environment = &reply["environment"];
    for (name, value) in [
        ("AWS_LAMBDA_FUNCTION_NAME", "Echo"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_ENDPOINT_URL_DYNAMODB", agent.running.url()),
        ("TABLE", "Data"),
    ] {
        assert_eq!(environment[name], value, "{name}");
    }
    assert_eq!(environment["HOME"], Value::Null, "the environment is cleared");
    let headers = &reply["headers"];
    assert_eq!(headers["lambda-runtime-aws-request-id"], id.as_str());
    assert_eq!(headers["lambda-runtime-invoked-function-arn"], "arn:aws:lambda:us-east-1:123456789012:function:Echo");
    assert!(headers["lambda-runtime-trace-id"].as_str().unwrap().starts_with("Root=1-"));
    let deadline: u128 = headers["lambda-runtime-deadline-ms"].as_str().unwrap().parse().unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    assert!(deadline > now + 3_000 && deadline <= now + 5_000, "{}", deadline - now);
}

#[tokio::test]
async fn any_client_context_reaches_the_function_as_it_is() {
    let agent = start(TEMPLATE).await;
    for context in [
        json!({"custom": {"bedrockAgentCoreToolName": "orders___get", "headers": {"x": ["y", 1]}}}),
        json!({"client": null, "custom": null, "env": {}}),
        json!({"client": {}, "custom": {"text": "Grüße\n😀 \u{7}"}}),
        json!(["no", "object"]),
        json!(null),
    ] {
        let header = BASE64.encode(serde_json::to_string_pretty(&context).unwrap());
        let reply = agent.invoking("Echo").header("x-amz-client-context", header).body("{}").send().await.unwrap();
        let reply: Value = reply.json().await.unwrap();
        let seen = reply["headers"]["lambda-runtime-client-context"].as_str().unwrap();
        assert_eq!(serde_json::from_str::<Value>(seen).unwrap(), context);
    }
    let reply: Value = agent.invoke("Echo", json!({})).await.json().await.unwrap();
    assert_eq!(reply["headers"]["lambda-runtime-client-context"], Value::Null);
}

#[tokio::test]
async fn a_client_context_that_is_no_json_is_refused_and_breaks_nothing() {
    let agent = start(TEMPLATE).await;
    for header_text in ["no base64!", &BASE64.encode("{"), &BASE64.encode([0xff, 0xfe])] {
        let reply = agent.invoking("Echo").header("x-amz-client-context", header_text).body("{}").send().await.unwrap();
        assert_eq!(reply.status(), 400);
        assert_eq!(header(&reply, "x-amzn-errortype"), Some("InvalidRequestContentException"));
    }
    assert_eq!(agent.invoke("Echo", json!({})).await.status(), 200);
}

#[tokio::test]
async fn wrong_requests_get_lambdas_own_errors() {
    let agent = start(TEMPLATE).await;
    let unknown = agent.invoke("nobody", json!({})).await;
    assert_eq!(unknown.status(), 404);
    assert_eq!(header(&unknown, "x-amzn-errortype"), Some("ResourceNotFoundException"));
    let body: Value = unknown.json().await.unwrap();
    assert!(body["Message"].as_str().unwrap().contains("there is no function `nobody`"), "{body}");

    let garbled = agent.invoking("Echo").body("{not json").send().await.unwrap();
    assert_eq!(garbled.status(), 400);
    assert_eq!(header(&garbled, "x-amzn-errortype"), Some("InvalidRequestContentException"));

    let large = agent.invoke("Echo", json!("x".repeat(6 * 1024 * 1024))).await;
    assert_eq!(large.status(), 413);
    assert_eq!(header(&large, "x-amzn-errortype"), Some("RequestEntityTooLargeException"));

    let kind = agent.invoking("Echo").header("x-amz-invocation-type", "Later").body("{}").send().await.unwrap();
    assert_eq!(kind.status(), 400);
}

#[tokio::test]
async fn an_empty_event_is_an_empty_object() {
    let agent = start(TEMPLATE).await;
    let reply: Value = agent.invoking("Echo").send().await.unwrap().json().await.unwrap();
    assert_eq!(reply["event"], json!({}));
}

#[tokio::test]
async fn a_dry_run_invokes_nothing_and_an_event_does_not_wait() {
    let agent = start(TEMPLATE).await;
    let dry = agent.invoking("Echo").header("x-amz-invocation-type", "DryRun").body("{}").send().await.unwrap();
    assert_eq!(dry.status(), 204);
    let before = std::time::Instant::now();
    let event = agent.invoking("Echo").header("x-amz-invocation-type", "Event").body(r#"{"sleep": 1500}"#);
    assert_eq!(event.send().await.unwrap().status(), 202);
    assert!(before.elapsed().as_millis() < 1_000);
}

#[tokio::test]
async fn a_function_that_reports_an_error_is_unhandled_and_goes_on() {
    let agent = start(TEMPLATE).await;
    let reply = agent.invoke("Echo", json!({"do": "fail"})).await;
    assert_eq!((reply.status().as_u16(), header(&reply, "x-amz-function-error")), (200, Some("Unhandled")));
    assert_eq!(reply.json::<Value>().await.unwrap(), json!({"errorType": "Mine", "errorMessage": "as asked"}));
    assert_eq!(agent.running.functions().report()[0].instances, 1, "the same process stays");
}

#[tokio::test]
async fn a_reply_over_6_mb_is_refused() {
    let agent = start(TEMPLATE).await;
    let reply = agent.invoke("Echo", json!({"size": 6 * 1024 * 1024})).await;
    assert_eq!(header(&reply, "x-amz-function-error"), Some("Unhandled"));
    assert_eq!(reply.json::<Value>().await.unwrap()["errorType"], "Function.ResponseSizeTooLarge");
    let whole = agent.invoke("Echo", json!({"size": 6 * 1024 * 1024 - 2})).await;
    assert_eq!(whole.bytes().await.unwrap().len(), 6 * 1024 * 1024);
}

#[tokio::test]
async fn the_tail_of_the_log_comes_back_when_asked_for() {
    let agent = start(TEMPLATE).await;
    let body = json!({"print": "a line of mine"}).to_string();
    let reply = agent.invoking("Echo").header("x-amz-log-type", "Tail").body(body).send().await.unwrap();
    let log = BASE64.decode(header(&reply, "x-amz-log-result").unwrap()).unwrap();
    assert_eq!(String::from_utf8(log).unwrap(), "a line of mine\n");
}
