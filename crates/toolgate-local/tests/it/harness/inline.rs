//! Inline functions: the caller runs them.

use serde_json::json;

use super::support::*;

fn asking(request: &serde_json::Value) -> Reply {
    match results(request).as_slice() {
        [] => {
            calls(&[("c1", "desk___echo", json!({})), ("c2", "ask", json!({"q": 1})), ("c3", "ask", json!({"q": 2}))])
        }
        found => text(&format!("{} and {}", found[1], found[2])),
    }
}

#[tokio::test]
async fn inline_calls_are_handed_over_one_at_a_time() {
    let shop = Shop::start(asking).await;
    let first = shop.say("go").await;
    assert_eq!((first.stops(), first.uses().len()), (vec!["tool_use"], 3));
    assert_eq!(first.uses()[1], ("c2", "ask"));

    let second = shop.result("c2", "yes").await;
    assert_eq!(second.stops(), ["tool_result", "tool_use"]);
    assert_eq!((second.results(), second.uses()), (vec![("c2", "success")], vec![("c3", "ask")]));
    let input = second.events.iter().find_map(|(_, it)| it["delta"]["toolUse"]["input"].as_str()).unwrap();
    assert_eq!(input, r#"{"q":2}"#);

    let third = shop.result("c3", "no").await;
    assert_eq!(third.stops(), ["tool_result", "end_turn"]);
    assert_eq!(third.results(), [("c1", "success"), ("c3", "success")]);
    assert_eq!(third.text(), "yes and no");
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn stale_unknown_and_replayed_results_are_refused() {
    let shop = Shop::start(asking).await;
    let conflict = |invoked: &Invoked| {
        assert_eq!((invoked.status, invoked.kind.as_str()), (400, "ValidationException"), "{invoked:?}");
        assert_eq!(invoked.error["reason"], "ResourceConflict");
    };
    conflict(&shop.result("c2", "before any call").await);
    shop.say("go").await;
    for wrong in ["c1", "c3", "unknown"] {
        conflict(&shop.result(wrong, "x").await);
    }
    assert_eq!(shop.result("c2", "yes").await.stops().last(), Some(&"tool_use"));
    conflict(&shop.result("c2", "again").await);
    assert_eq!(shop.result("c3", "no").await.text(), "yes and no");
    conflict(&shop.result("c3", "again").await);
    assert_eq!(shop.seen().len(), 2, "the model is not asked again");
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn new_text_drops_the_open_calls() {
    let shop = Shop::start(|request| match request["messages"].as_array().unwrap().len() {
        2 => asking(request),
        _ => text("All right."),
    })
    .await;
    shop.say("go").await;
    let after = shop.say("never mind").await;
    assert_eq!((after.stops(), after.text()), (vec!["end_turn"], "All right.".to_owned()));
    let messages = shop.seen()[1]["messages"].to_string();
    assert!(messages.contains("Not run: the user sent another message"), "{messages}");
    assert_eq!(shop.result("c2", "late").await.status, 400);
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn a_result_has_its_form() {
    let shop = Shop::start(asking).await;
    shop.say("go").await;
    let result = |content: serde_json::Value| json!({"toolResult": {"toolUseId": "c2", "content": content}});
    let user = |content: serde_json::Value| json!({"messages": [{"role": "user", "content": content}]});
    for (body, says) in [
        (user(json!([result(json!([{"json": {"a": 1}}]))])), "takes `text` blocks"),
        (user(json!([result(json!([{"text": "x"}])), {"text": "and"}])), "send the `toolResult` alone"),
        (user(json!([result(json!([])), result(json!([]))])), "one `toolResult` at a time"),
        (json!({"messages": [{"role": "assistant", "content": [result(json!([]))]}]}), "a message of the user"),
    ] {
        let invoked = shop.invoke(body).await;
        assert!(invoked.refused().2.contains(says), "{invoked:?}");
    }
    // An echo of the call is accepted and ignored.
    let echo = json!({"role": "assistant", "content": [{"toolUse": {"name": "ask", "toolUseId": "c2", "input": {}}}]});
    let error = json!({"toolUseId": "c2", "status": "error", "content": [{"text": "nobody"}]});
    let body = json!({"messages": [echo, {"role": "user", "content": [{"toolResult": error}]}]});
    assert_eq!(shop.invoke(body).await.results(), [("c2", "error")]);
    shop.agent.running.shutdown().await;
}
