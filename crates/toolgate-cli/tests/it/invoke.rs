//! `toolgate invoke`, against a stand-in for the local agent's Lambda.

use axum::{
    Router,
    body::Bytes,
    extract::Path,
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};

use super::support::{serve, toolgate};

async fn lambda(Path(name): Path<String>, headers: HeaderMap, body: Bytes) -> Response {
    let context = headers.get("x-amz-client-context").map_or("none", |value| value.to_str().unwrap());
    let body = String::from_utf8(body.to_vec()).unwrap();
    match name.as_str() {
        "orders" => format!(r#"{{"context":"{context}","event":{body}}}"#).into_response(),
        "evil" => "{\"a\":\"\u{9b}2J\u{202e}\u{7f}\"}".into_response(),
        "broken" => ([("x-amz-function-error", "Unhandled")], r#"{"errorType":"Boom"}"#).into_response(),
        _ => (StatusCode::NOT_FOUND, r#"{"Message":"there is none"}"#).into_response(),
    }
}

#[tokio::test]
async fn an_event_and_a_client_context_reach_the_function_and_the_reply_comes_back() {
    let url = serve(Router::new().route("/2015-03-31/functions/{name}/invocations", post(lambda))).await;
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let event = file("event.json", r#"{"a":9007199254740993}"#);
    let context = file("context.json", r#"{"custom":{}}"#);
    let bad = file("bad.json", "{");
    let at = ["--endpoint-url", &url];

    let run = |arguments: Vec<String>, input: &'static str| async move {
        toolgate(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), input).await
    };
    let call = |function: &str, event: &str, more: &[&str]| {
        [&["invoke", function, "--event", event], &at[..], more]
            .concat()
            .into_iter()
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let done = run(call("orders", &event, &["--client-context", &context]), "").await;
    assert_eq!(done.code, 0, "{}", done.err);
    assert_eq!(done.out, "{\"context\":\"eyJjdXN0b20iOnt9fQ==\",\"event\":{\"a\":9007199254740993}}\n");
    let done = run(call("orders", "-", &[]), "[1]").await;
    assert_eq!(done.out, "{\"context\":\"none\",\"event\":[1]}\n", "{}", done.err);

    // the same JSON, and nothing that a terminal would act on
    let done = run(call("evil", &event, &[]), "").await;
    assert_eq!(done.out, "{\"a\":\"\\u009b2J\\u202e\\u007f\"}\n");

    let done = run(call("broken", &event, &[]), "").await;
    assert_eq!((done.code, done.out.as_str()), (3, ""));
    assert!(done.err.contains("the function failed (Unhandled): {\"errorType\":\"Boom\"}"), "{}", done.err);
    for (function, event, expected) in [
        ("nobody", event.as_str(), "there is no function `nobody`"),
        ("../x", event.as_str(), "is not a valid function name"),
        ("orders", bad.as_str(), "is not valid JSON"),
        ("orders", "/no/such/file", "cannot read `/no/such/file`"),
    ] {
        let done = run(call(function, event, &[]), "").await;
        assert_eq!(done.code, 1);
        assert!(done.err.contains(expected), "{expected}\n{}", done.err);
    }
}
