//! Stop reasons.

use serde_json::json;

use super::support::*;

#[tokio::test]
async fn an_invocation_ends_at_its_iterations() {
    let shop = Shop::with("MaxIterations: 2", |request| {
        let number = request["messages"].as_array().unwrap().len();
        calls(&[(&format!("c{number}"), "desk___other", json!({}))])
    })
    .await;
    let invoked = shop.say("go").await;
    let expected = ["tool_use", "tool_result", "tool_use", "tool_result", "max_iterations_exceeded"];
    assert_eq!(invoked.stops(), expected);
    let one = shop.invoke(said("go on", json!({"maxIterations": 1}))).await;
    assert_eq!(one.stops(), ["tool_use", "tool_result", "max_iterations_exceeded"]);
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn the_models_own_reasons_are_passed_on() {
    for (finish, message, stop) in [
        ("length", json!({"role": "assistant", "content": "Hel"}), "max_tokens"),
        ("content_filter", json!({"role": "assistant", "content": "no"}), "content_filtered"),
        ("stop", json!({"role": "assistant", "content": "yes"}), "end_turn"),
    ] {
        let shop = Shop::start(move |_| (200, completion(message.clone(), finish))).await;
        assert_eq!(shop.say("go").await.stops(), [stop]);
        shop.agent.running.shutdown().await;
    }
}

#[tokio::test]
async fn output_tokens_are_limited_for_the_whole_invocation() {
    let shop = Shop::with("MaxTokens: 8", |request| match results(request).as_slice() {
        [] => calls(&[("c1", "desk___other", json!({}))]),
        _ => (200, completion(json!({"role": "assistant", "content": "Hel"}), "length")),
    })
    .await;
    assert_eq!(shop.say("go").await.stops(), ["tool_use", "tool_result", "max_output_tokens_exceeded"]);
    let seen = shop.seen();
    assert_eq!((&seen[0]["max_tokens"], &seen[1]["max_tokens"]), (&json!(8), &json!(3)));
    let five = shop.invoke(said("go", json!({"maxTokens": 5}))).await;
    assert_eq!(five.stops(), ["tool_use", "tool_result", "max_output_tokens_exceeded"], "nothing is left");
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn time_is_limited_in_the_model_and_in_a_tool() {
    let shop = Shop::start(|_| calls(&[("c1", "desk___echo", json!({"sleep": 2500})), ("c2", "ask", json!({}))])).await;
    let late = shop.invoke(said("slow tool", json!({"timeoutSeconds": 1}))).await;
    assert_eq!(late.stops(), ["tool_use", "tool_result", "timeout_exceeded"]);
    assert_eq!(late.results(), [("c1", "error"), ("c2", "error")]);
    let late = shop.invoke(said(NEVER, json!({"timeoutSeconds": 1}))).await;
    assert_eq!(late.stops(), ["timeout_exceeded"]);
    shop.agent.running.shutdown().await;
}
