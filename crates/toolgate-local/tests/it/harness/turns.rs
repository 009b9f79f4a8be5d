//! Messages, their events, sessions and overrides.

use serde_json::json;

use super::support::*;

#[tokio::test]
async fn an_answer_is_one_message_with_its_usage() {
    let shop = Shop::start(|_| text("Hello.")).await;
    let invoked = shop.say("hi").await;
    let mut events = invoked.events;
    let latency = events[4].1["metrics"]["latencyMs"].take();
    assert!(latency.is_u64());
    let expected = [
        ("messageStart", json!({"role": "assistant"})),
        ("contentBlockDelta", json!({"contentBlockIndex": 0, "delta": {"text": "Hello."}})),
        ("contentBlockStop", json!({"contentBlockIndex": 0})),
        ("messageStop", json!({"stopReason": "end_turn"})),
        (
            "metadata",
            json!({"usage": {"inputTokens": 10, "outputTokens": 5, "totalTokens": 15}, "metrics": {"latencyMs": null}}),
        ),
    ];
    assert_eq!(events, expected.map(|(name, members)| (name.to_owned(), members)));
    let request = shop.seen().remove(0);
    assert_eq!(request["messages"][0], json!({"role": "system", "content": "Be kind."}));
    assert_eq!(offered(&request), ["desk___echo", "desk___other", "ask"]);
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn a_session_has_a_history_and_another_session_has_not() {
    let shop = Shop::start(|request| text(&request["messages"].as_array().unwrap().len().to_string())).await;
    assert_eq!(shop.say("one").await.text(), "2");
    assert_eq!(shop.say("two").await.text(), "4");
    let other = "another-session-of-at-least-33-chars";
    let response = shop.request(&format!("harnessArn={ARN}&qualifier=live"), other, &said("one", json!({})));
    assert_eq!(Invoked::read(response.send().await.unwrap()).await.text(), "2");
    // Several messages in one request, with a history of the client's own.
    let user = |text: &str| json!({"role": "user", "content": [{"text": text}]});
    let messages = json!([user("a"), {"role": "assistant", "content": [{"text": "b"}]}, user("c"), user("d")]);
    let response = shop.request(&format!("harnessArn={ARN}"), &other.replace('h', "i"), &json!({"messages": messages}));
    assert_eq!(Invoked::read(response.send().await.unwrap()).await.text(), "4");
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn overrides_hold_for_one_invocation() {
    let shop = Shop::start(|_| text("ok")).await;
    let model = json!({"bedrockModelConfig": {"modelId": "m", "maxTokens": 7, "temperature": 0.5}});
    let inline = json!({"inlineFunction": {"description": "d", "inputSchema": {"type": "object"}}});
    let more = json!({
        "model": model, "systemPrompt": [{"text": "Be brief."}, {"text": "Please."}],
        "tools": [{"type": "inline_function", "name": "mine", "config": inline}],
    });
    shop.invoke(said("hi", more)).await;
    shop.invoke(said("hi", json!({"allowedTools": ["@desk/*___other"]}))).await;
    shop.say("hi").await;
    let seen = shop.seen();
    assert_eq!(seen[0]["messages"][0]["content"], "Be brief.\n\nPlease.");
    assert_eq!((offered(&seen[0]), &seen[0]["temperature"]), (vec!["mine".to_owned()], &json!(0.5)));
    assert_eq!(offered(&seen[1]), ["desk___other"]);
    assert_eq!((seen[2]["messages"][0]["content"].as_str(), offered(&seen[2]).len()), (Some("Be kind."), 3));
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn a_harness_is_reported_and_read_over_the_control_plane() {
    let shop = Shop::with("AllowedTools: ['@desk']", |_| text("ok")).await;
    let harness = shop.agent.running.health()["harnesses"][0].clone();
    assert_eq!((&harness["id"], &harness["arn"], &harness["scripted"]), (&json!("Shop"), &json!(ARN), &json!(false)));
    let get = async |path: &str| shop.agent.http.get(shop.agent.url(path)).send().await.unwrap();
    let listed: serde_json::Value = get("/harnesses?maxResults=1").await.json().await.unwrap();
    assert_eq!(listed["harnesses"][0]["harnessId"], "Shop-local00000");
    assert_eq!(listed.get("nextToken"), None);
    let whole: serde_json::Value = get("/harnesses/Shop-local00000").await.json().await.unwrap();
    let whole = &whole["harness"];
    assert_eq!((&whole["status"], &whole["allowedTools"]), (&json!("READY"), &json!(["@desk"])));
    assert_eq!(whole["model"], json!({"bedrockModelConfig": {"modelId": "us.anthropic.claude", "maxTokens": 4000}}));
    assert_eq!(whole["tools"][1]["config"]["inlineFunction"]["description"], "asks a person");
    assert_eq!(get("/harnesses/None-local00000").await.status(), 404);
    assert_eq!(get("/harnesses?maxResults=0").await.status(), 400);
    shop.agent.running.shutdown().await;
}
