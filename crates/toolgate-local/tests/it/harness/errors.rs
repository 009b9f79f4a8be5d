//! Errors: before the stream as HTTP errors, and in the stream.

use serde_json::{Value, json};

use super::support::*;
use crate::support::{folder, local};

#[tokio::test]
async fn a_request_is_checked_against_the_services_model() {
    let shop = Shop::start(|_| text("ok")).await;
    let tools = |tool: Value| said("x", json!({"tools": [tool]}));
    for (body, field) in [
        (json!({}), "messages"),
        (json!({"messages": []}), "messages"),
        (json!({"messages": [{"role": "system", "content": [{"text": "x"}]}]}), "messages.1.member.role"),
        (json!({"messages": [{"role": "user", "content": [{"text": ""}]}]}), "messages.1.member.content.1.member.text"),
        (json!({"messages": [{"role": "assistant", "content": [{"text": "x"}]}]}), "messages"),
        (said("x", json!({"allowedTools": ["a/b/c"]})), "allowedTools.1.member"),
        (said("x", json!({"maxIterations": 0})), "maxIterations"),
        (said("x", json!({"timeoutSeconds": "1"})), "timeoutSeconds"),
        (said("x", json!({"skills": [{"path": "a"}]})), "skills"),
        (
            said("x", json!({"model": {"bedrockModelConfig": {"modelId": "m", "temperature": 3}}})),
            "model.bedrockModelConfig.temperature",
        ),
        (said("x", json!({"model": {"geminiModelConfig": {"modelId": "m", "apiKeyArn": "a"}}})), "model"),
        (tools(json!({"type": "agentcore_browser"})), "tools"),
        (tools(json!({"type": "agentcore_code_interpreter"})), "tools"),
        (tools(json!({"type": "shell"})), "tools.1.member.type"),
        (tools(json!({"type": "inline_function", "name": "a"})), "tools"),
        (tools(json!({"type": "remote_mcp", "config": {"remoteMcp": {"url": "http://a.example/mcp"}}})), "tools"),
        (
            tools(
                json!({"type": "remote_mcp", "config": {"remoteMcp": {"url": "https://a.example", "headers": {"a b": "c"}}}}),
            ),
            "tools",
        ),
        (
            tools(json!({"type": "agentcore_gateway", "config": {"agentCoreGateway": {"gatewayArn": "arn:other"}}})),
            "tools",
        ),
    ] {
        let invoked = shop.invoke(body.clone()).await;
        assert_eq!((invoked.status, invoked.kind.as_str()), (400, "ValidationException"), "{body}");
        assert_eq!(invoked.error["reason"], "FieldValidationFailed", "{body}");
        assert_eq!(invoked.error["fieldList"][0]["name"], field, "{body}: {}", invoked.error);
    }
    let raw = shop.request(&format!("harnessArn={ARN}"), SESSION, &json!({})).body("{");
    let invoked = Invoked::read(raw.send().await.unwrap()).await;
    assert_eq!((invoked.status, &invoked.error["reason"]), (400, &json!("CannotParse")));
    assert!(shop.seen().is_empty());
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn the_harness_and_its_session_are_named() {
    let shop = Shop::start(|_| text("ok")).await;
    let other = ARN.replace("Shop", "Nobody");
    let arn = format!("harnessArn={ARN}");
    for (query, session, status, says) in [
        (String::new(), SESSION, 400, "harnessArn"),
        ("harnessArn=x".to_owned(), SESSION, 400, "harnessArn"),
        (format!("harnessArn={other}"), SESSION, 404, "no such harness"),
        (format!("{arn}&qualifier=none"), SESSION, 404, "no such endpoint"),
        (format!("{arn}&qualifier=1"), SESSION, 400, "qualifier"),
        (arn.clone(), "too-short", 400, "runtimeSessionId"),
        (arn.clone(), "-starts-with-a-hyphen-and-is-long-enough", 400, "runtimeSessionId"),
        (format!("{arn}&qualifier=DEFAULT"), SESSION, 200, ""),
    ] {
        let response = shop.request(&query, session, &said("x", json!({}))).send().await.unwrap();
        let invoked = Invoked::read(response).await;
        assert_eq!(invoked.status, status, "{query} {invoked:?}");
        assert!(invoked.refused().2.contains(says), "{query} {invoked:?}");
    }
    let wrong = shop.agent.http.put(shop.agent.url("/harnesses/invoke")).send().await.unwrap();
    assert_eq!(wrong.status(), 400);
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn a_model_that_fails_first_is_an_http_error_and_later_a_frame() {
    let throttled = (429, json!({"error": {"message": "slow down"}}));
    let answer = throttled.clone();
    let shop = Shop::start(move |_| answer.clone()).await;
    for _ in 0..2 {
        let invoked = shop.say("go").await;
        assert_eq!((invoked.status, invoked.kind.as_str()), (429, "ThrottlingException"), "{invoked:?}");
    }
    let last = shop.seen().pop().unwrap();
    assert_eq!(last["messages"].as_array().unwrap().len(), 2, "a failed first turn leaves nothing: {last}");
    shop.agent.running.shutdown().await;

    let shop = Shop::start(move |request| match results(request).as_slice() {
        [] => calls(&[("c1", "desk___other", json!({}))]),
        _ => throttled.clone(),
    })
    .await;
    let invoked = shop.say("go").await;
    assert_eq!(invoked.stops(), ["tool_use", "tool_result"]);
    let (name, members) = invoked.events.last().unwrap();
    assert_eq!(name, "runtimeClientError");
    assert!(members["message"].as_str().unwrap().starts_with("ThrottlingException: "), "{members}");
    // The session goes on.
    assert_eq!(shop.say("again").await.status, 200);
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn one_invocation_runs_at_a_time_in_a_session() {
    let shop = Shop::start(|_| {
        std::thread::sleep(std::time::Duration::from_millis(500));
        text("ok")
    })
    .await;
    let busy = async {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        shop.say("two").await
    };
    let (first, second) = tokio::join!(shop.say("one"), busy);
    assert_eq!((first.text(), second.status), ("ok".to_owned(), 400));
    assert_eq!(second.error["reason"], "ResourceConflict");
    assert_eq!(shop.say("three").await.text(), "ok");
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn a_harness_without_a_model_is_left_out_with_a_line() {
    let folder = folder(&template(""));
    let running = local(&folder).start().await.unwrap();
    assert_eq!(running.health()["harnesses"], json!([]));
    running.shutdown().await;
}

#[tokio::test]
async fn a_gateway_that_takes_tokens_does_not_take_the_harness() {
    let jwt = "AuthorizerType: CUSTOM_JWT, AuthorizerConfiguration: {CustomJWTAuthorizer: {DiscoveryUrl: x}}";
    let folder = folder(&template("").replace("AuthorizerType: AWS_IAM", jwt));
    let running = local(&folder).model("openai:http://127.0.0.1:9/v1#m").start().await.unwrap();
    let url = format!("{}/harnesses/invoke?harnessArn={ARN}", running.url());
    let request = reqwest::Client::builder().no_proxy().build().unwrap().post(url);
    let request = request.header("X-Amzn-Bedrock-AgentCore-Runtime-Session-Id", SESSION).json(&said("x", json!({})));
    let invoked = Invoked::read(request.send().await.unwrap()).await;
    assert_eq!((invoked.status, invoked.kind.as_str()), (424, "RuntimeClientError"));
    assert!(invoked.refused().2.contains("requires a token of a user"), "{invoked:?}");
    running.shutdown().await;
}
