//! Calls that the harness runs, through the gateway.

use serde_json::{Value, json};

use super::support::*;

#[tokio::test]
async fn a_call_goes_through_the_gateway_and_its_result_to_model_and_stream() {
    let shop = Shop::start(|request| match results(request).as_slice() {
        [] => calls(&[("c1", "desk___echo", json!({"a": 1})), ("c2", "desk___echo", json!({"do": "fail"}))]),
        _ => text("Done."),
    })
    .await;
    let invoked = shop.say("go").await;
    assert_eq!(invoked.stops(), ["tool_use", "tool_result", "end_turn"]);
    assert_eq!(invoked.uses(), [("c1", "desk___echo"), ("c2", "desk___echo")]);
    assert_eq!(invoked.results(), [("c1", "success"), ("c2", "error")]);
    assert_eq!(invoked.text(), "Done.");
    let roles: Vec<&Value> =
        invoked.events.iter().filter(|(name, _)| name == "messageStart").map(|(_, it)| &it["role"]).collect();
    assert_eq!(roles, ["assistant", "user", "assistant"]);
    let start = &invoked.events.iter().find(|(name, _)| name == "contentBlockStart").unwrap().1["start"]["toolUse"];
    assert_eq!(start, &json!({"toolUseId": "c1", "name": "desk___echo", "type": "mcp_tool_use", "serverName": "desk"}));
    let shown = invoked.events.iter().find_map(|(_, it)| it["delta"]["toolResult"][0]["text"].as_str()).unwrap();
    let reply: Value = serde_json::from_str(shown).unwrap();
    assert_eq!(reply["event"], json!({"a": 1}));
    let context = reply["headers"]["lambda-runtime-client-context"].as_str().unwrap();
    assert!(
        context.contains("desk___echo") && context.contains("\"bedrockAgentCoreMcpMessageId\":\"c1\""),
        "{context}"
    );
    assert_eq!(results(&shop.seen()[1]).len(), 2);
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn a_wrong_call_is_a_result_for_the_model() {
    let shop = Shop::start(|request| match results(request).as_slice() {
        [] => {
            calls(&[("c1", "nothing", json!({})), ("c2", "desk___echo", json!([1])), ("c2", "desk___other", json!({}))])
        }
        _ => text("Done."),
    })
    .await;
    let invoked = shop.say("go").await;
    let (uses, shown) = (invoked.uses(), invoked.results());
    assert_eq!((shown[0], shown[1]), (("c1", "error"), ("c2", "error")));
    // Two calls with one id would be indistinguishable, so the second one gets its own.
    assert!(uses[2].0.starts_with("tooluse_") && shown[2] == (uses[2].0, "success"), "{uses:?} {shown:?}");
    let seen = results(&shop.seen()[1]);
    let says = "there is no tool `nothing`; the tools are: desk___echo, desk___other, ask";
    assert!(seen[0].ends_with(says), "{seen:?}");
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn a_tool_that_is_not_allowed_is_not_there() {
    let shop = Shop::with("AllowedTools: ['@desk/desk___other']", |request| match results(request).as_slice() {
        [] => calls(&[("c1", "desk___echo", json!({}))]),
        _ => text("Done."),
    })
    .await;
    assert_eq!(shop.say("go").await.results(), [("c1", "error")]);
    assert_eq!(offered(&shop.seen()[0]), ["desk___other"]);
    shop.agent.running.shutdown().await;
}
