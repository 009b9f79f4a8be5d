//! MCP servers by URL.

use std::sync::{Arc, Mutex};

use axum::{Json, body::Bytes, extract::State, http::HeaderMap, response::IntoResponse};
use serde_json::{Value, json};

use super::{hooks::guarded, support::*};

/// A small MCP server with one tool. It replies with JSON or with server-sent events, and requires a token.
pub(super) async fn server(events: bool) -> String {
    let router = axum::Router::new().fallback(answer).with_state(events);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn answer(State(events): State<bool>, headers: HeaderMap, body: Bytes) -> axum::response::Response {
    let message: Value = serde_json::from_slice(&body).unwrap();
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if header("authorization") != "Bearer secret" {
        return (http::StatusCode::UNAUTHORIZED, "no").into_response();
    }
    let first = message["method"] == "initialize";
    assert!(first || (header("mcp-session-id") == "s1" && header("mcp-protocol-version") == "2025-06-18"));
    let result = match message["method"].as_str().unwrap() {
        "initialize" => {
            json!({"protocolVersion": "2025-06-18", "capabilities": {}, "serverInfo": {"name": "x", "version": "1"}})
        }
        "notifications/initialized" => return http::StatusCode::ACCEPTED.into_response(),
        "tools/list" if message["params"]["cursor"] == "2" => {
            json!({"tools": [{"name": "second", "inputSchema": {"type": "object"}}]})
        }
        "tools/list" => {
            json!({"tools": [{"name": "first", "description": "d", "inputSchema": {"type": "object"}}], "nextCursor": "2"})
        }
        _ => json!({"content": [{"type": "text", "text": message["params"].to_string()}]}),
    };
    let reply = json!({"jsonrpc": "2.0", "id": message["id"], "result": result});
    if events {
        let text = format!(
            ": hello\n\ndata: {{\"jsonrpc\": \"2.0\", \"method\": \"notifications/message\"}}\n\nevent: message\ndata: {reply}\n\n"
        );
        return ([("content-type", "text/event-stream"), ("mcp-session-id", "s1")], text).into_response();
    }
    ([("mcp-session-id", "s1")], Json(reply)).into_response()
}

pub(super) fn remote(url: &str, token: &str) -> Value {
    let config = json!({"remoteMcp": {"url": url, "headers": {"Authorization": format!("Bearer {token}")}}});
    json!({"tools": [{"type": "remote_mcp", "name": "docs", "config": config}]})
}

#[tokio::test]
async fn a_servers_tools_are_called_with_the_given_headers() {
    let shop = Shop::start(|request| match results(request).as_slice() {
        [] => calls(&[("c1", "second", json!({"a": 1}))]),
        [result] => text(result),
        _ => text("?"),
    })
    .await;
    for events in [false, true] {
        let url = server(events).await;
        let invoked = shop.invoke(said("go", remote(&url, "secret"))).await;
        assert_eq!(invoked.text(), r#"{"name":"second","arguments":{"a":1}}"#, "{invoked:?}");
        assert_eq!(offered(shop.seen().last().unwrap()), ["first", "second"]);
    }
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn a_server_that_refuses_is_a_runtime_error_without_the_token() {
    let shop = Shop::start(|_| text("ok")).await;
    for url in [server(false).await, "http://127.0.0.1:9/mcp".to_owned()] {
        let invoked = shop.invoke(said("go", remote(&url, "other-token"))).await;
        assert_eq!((invoked.status, invoked.kind.as_str()), (424, "RuntimeClientError"));
        let message = invoked.refused().2;
        assert!(message.starts_with("the MCP server at `127.0.0.1` failed") && !message.contains("token"), "{message}");
    }
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn the_gateway_of_this_port_is_a_server_too_and_two_tools_of_one_name_are_refused() {
    let shop = Shop::start(|request| text(&offered(request).join(" "))).await;
    let mcp = json!({"type": "remote_mcp", "name": "mine", "config": {"remoteMcp": {"url": shop.agent.url("/mcp")}}});
    let invoked = shop.invoke(said("go", json!({"tools": [mcp]}))).await;
    assert_eq!(invoked.text(), "desk___echo desk___other");
    let arn = "arn:aws:bedrock-agentcore:us-east-1:123456789012:gateway/desk-local00000";
    let gateway =
        json!({"type": "agentcore_gateway", "name": "desk", "config": {"agentCoreGateway": {"gatewayArn": arn}}});
    let invoked = shop.invoke(said("go", json!({"tools": [mcp, gateway]}))).await;
    assert!(invoked.refused().2.contains("two tools are named `desk___echo`: of `mine` and of `desk`"), "{invoked:?}");
    shop.agent.running.shutdown().await;
}

/// What a server was asked for, in order.
type Asked = Arc<Mutex<Vec<String>>>;

/// A server that records its requests. It never lists its tools if `hangs`.
async fn recording(hangs: bool) -> (Value, Asked) {
    let asked = Asked::default();
    let state = (Arc::clone(&asked), hangs);
    let router = axum::Router::new().fallback(record).with_state(state);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    (remote(&url, "secret"), asked)
}

async fn record(
    State((asked, hangs)): State<(Asked, bool)>,
    method: http::Method,
    headers: HeaderMap,
    body: Bytes,
) -> axum::response::Response {
    let message: Value = serde_json::from_slice(&body).unwrap_or_default();
    let session = headers.get("mcp-session-id").map_or("", |session| session.to_str().unwrap());
    let what = message["method"].as_str().map_or_else(|| format!("{method} {session}"), str::to_owned);
    asked.lock().unwrap().push(what);
    if hangs && message["method"] == "tools/list" {
        return std::future::pending().await;
    }
    answer(State(false), headers, body).await
}

fn recorded(asked: &Asked) -> Vec<String> {
    asked.lock().unwrap().clone()
}

#[tokio::test]
async fn a_session_ends_with_the_invocation() {
    let shop = Shop::start(|_| text("ok")).await;
    let (tools, asked) = recording(false).await;
    assert_eq!(shop.invoke(said("go", tools)).await.text(), "ok");
    for _ in 0..100 {
        if recorded(&asked).len() == 5 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let expected = ["initialize", "notifications/initialized", "tools/list", "tools/list", "DELETE s1"];
    assert_eq!(recorded(&asked), expected);
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn a_server_is_not_contacted_for_a_denied_invocation() {
    let shop = guarded(&[], |_| text("ok")).await;
    let (tools, asked) = recording(false).await;
    let denied = shop.invoke(said("hook-first deny before_invocation", tools.clone())).await;
    assert_eq!((denied.stops(), recorded(&asked)), (vec!["hook_stopped"], Vec::new()));
    assert_eq!(shop.invoke(said("go", tools)).await.text(), "ok");
    assert_eq!(recorded(&asked)[0], "initialize");
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn a_server_is_not_contacted_if_no_tool_of_it_is_allowed() {
    let shop = Shop::start(|request| text(&offered(request).join(" "))).await;
    let (mut tools, asked) = recording(false).await;
    tools["allowedTools"] = json!(["@other", "@builtin/shell"]);
    assert_eq!((shop.invoke(said("go", tools.clone())).await.text(), recorded(&asked)), (String::new(), Vec::new()));
    tools["allowedTools"] = json!(["@other", "second"]);
    assert_eq!(shop.invoke(said("go", tools)).await.text(), "second");
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn a_server_that_does_not_list_its_tools_is_left_at_the_time_limit() {
    let shop = Shop::start(|_| text("ok")).await;
    let (mut tools, asked) = recording(true).await;
    tools["timeoutSeconds"] = json!(1);
    let late = shop.invoke(said("go", tools)).await;
    assert_eq!((late.stops(), shop.seen().len()), (vec!["timeout_exceeded"], 0), "{late:?}");
    assert!(recorded(&asked).contains(&"tools/list".to_owned()));
    assert_eq!(shop.say("again").await.text(), "ok", "the session goes on");
    shop.agent.running.shutdown().await;
}

#[tokio::test]
async fn a_server_that_fails_leaves_the_inline_call_that_waits() {
    let shop = Shop::start(|request| match results(request).as_slice() {
        [] => calls(&[("c1", "ask", json!({}))]),
        [result] => text(result),
        _ => text("?"),
    })
    .await;
    assert_eq!(shop.say("go").await.stops(), ["tool_use"]);
    let failed = shop.invoke(said("new", remote("http://127.0.0.1:9/mcp", "x"))).await;
    assert_eq!(failed.kind, "RuntimeClientError");
    assert_eq!(shop.result("c1", "yes").await.text(), "yes");
    shop.agent.running.shutdown().await;
}
