//! The spans of an invocation, in the record of turns and at a receiver of traces.

use std::sync::{Arc, Mutex};

use axum::{body::Bytes, extract::State};
use serde_json::{Value, json};

use super::{
    hooks::{echoing, guarded_template, hook},
    remote::{remote, server},
    support::*,
};

/// A receiver of spans, and the bodies that it gets.
async fn receiver() -> (String, Arc<Mutex<Vec<u8>>>) {
    let got = Arc::<Mutex<Vec<u8>>>::default();
    let take = async |State(got): State<Arc<Mutex<Vec<u8>>>>, body: Bytes| got.lock().unwrap().extend(body);
    let router = axum::Router::new().fallback(take).with_state(Arc::clone(&got));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, got)
}

#[tokio::test]
async fn a_call_of_an_mcp_server_is_a_span_and_so_is_every_function() {
    let (url, got) = receiver().await;
    let play = |request: &Value| match results(request).len() {
        0 => calls(&[("c1", "second", json!({"a": "CANARY"})), ("c2", "no_such_CANARY", json!({}))]),
        2 => calls(&[("c3", "desk___echo", json!({"b": "CANARY"}))]),
        _ => text("CANARY"),
    };
    let shop = Shop::set(&template(""), |local| local.otlp(&url), play).await;
    let mut more = remote(&server(false).await, "secret");
    let arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/desk-local00000";
    let config = json!({"agentCoreGateway": {"gatewayArn": arn}});
    more["tools"].as_array_mut().unwrap().push(json!({"type": "agentcore_gateway", "name": "desk", "config": config}));
    let response = shop.request(&format!("harnessArn={ARN}"), SESSION, &said("CANARY", more)).send().await.unwrap();
    let turn = response.headers()["toolgate-turn"].to_str().unwrap().to_owned();
    assert_eq!(Invoked::read(response).await.text(), "CANARY");
    let read = async |path: String| -> Value {
        shop.agent.http.get(shop.agent.url(&path)).send().await.unwrap().json().await.unwrap()
    };
    let turn = read(format!("/console/api/turns/{turn}")).await;
    let spans = turn["spanList"].as_array().unwrap();
    let of: Vec<_> =
        spans.iter().map(|span| (span["kind"].as_str().unwrap(), span["name"].as_str().unwrap())).collect();
    let model = of[1].1;
    let expected =
        [("agent", "Shop"), ("model", model), ("call", "second"), ("model", model), ("call", "echo"), ("model", model)];
    assert_eq!(of, expected);
    assert!(spans.iter().all(|span| span["parent"] == spans[0]["id"] || span["parent"].is_null()));
    let call = read(format!("/console/api/turns/{}/spans/s-3", turn["id"].as_str().unwrap())).await;
    assert_eq!((&call["state"], &call["detail"]["wire"]), (&json!("ok"), &json!("mcp")));
    assert_eq!(call["detail"]["event"], json!({"name": "second", "arguments": {"a": "CANARY"}}));
    assert!(call["detail"]["reply"]["content"][0]["text"].as_str().unwrap().contains("CANARY"));
    // what waits is sent before the end
    shop.agent.running.shutdown().await;
    let got = got.lock().unwrap().clone();
    let has = |part: &str| got.windows(part.len()).any(|window| window == part.as_bytes());
    for part in ["invoke_agent Shop", "execute_tool second", "execute_tool echo", "faas.invoked_name", "echo_function"]
    {
        assert!(has(part), "{part}");
    }
    for part in ["CANARY", "secret", SESSION] {
        assert!(!has(part), "{part}");
    }
}

#[tokio::test]
async fn a_hook_that_denies_has_stopped_its_call() {
    let template = guarded_template(&[hook("BeforeToolCall", "no", "Denies", "")]);
    let shop = Shop::set(&template, |local| local.record_turns(true), echoing(&["x"])).await;
    assert_eq!(shop.say("go").await.text(), "Done.");
    let turn = shop.agent.http.get(shop.agent.url("/console/api/turns/t-1")).send().await.unwrap();
    let turn: Value = turn.json().await.unwrap();
    let stopped = turn["spanList"].as_array().unwrap().iter().filter(|span| span["state"] == "stopped");
    let stopped: Vec<_> = stopped.map(|span| (&span["kind"], &span["summary"])).collect();
    assert_eq!(stopped, [(&json!("hook"), &json!("denied: hook-third-always-deny says no"))], "{turn}");
    assert_eq!((&turn["stopped"], &turn["calls"]), (&json!(1), &json!(0)));
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn functions_send_spans_to_the_receiver_of_this_machine_only() {
    let variables = "Environment: {Variables: {OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://xray.us-east-1.amazonaws.com', \
                     OTEL_EXPORTER_OTLP_HEADERS: key=of-the-template, OTEL_TRACES_EXPORTER: none}}";
    let template = template("").replacen("{Timeout: 5}", &format!("{{Timeout: 5, {variables}}}"), 1);
    let (url, _) = receiver().await;
    let shop = Shop::set(&template, |local| local.otlp(&url), |_| text("ok")).await;
    let reply = shop.agent.invoke("Echo", json!({})).await.json::<Value>().await.unwrap();
    let variable = |name: &str| reply["environment"][name].as_str().unwrap_or_default().to_owned();
    assert_eq!(variable("OTEL_EXPORTER_OTLP_ENDPOINT"), url);
    for name in ["TRACES_ENDPOINT", "HEADERS", "TRACES_HEADERS"] {
        assert_eq!(variable(&format!("OTEL_EXPORTER_OTLP_{name}")), "", "{name}");
    }
    assert_eq!((variable("OTEL_TRACES_EXPORTER"), variable("OTEL_SDK_DISABLED")), (String::new(), String::new()));
    shop.agent.running.shutdown().await;
}
