//! Every row of the error table of MCP over HTTP, for both protocols.

use serde_json::{Value, json};

use super::{
    kit::{counted, http, in_body, message, rpc},
    mcp::{legacy, reply},
};

/// Asserts the status and the code of the reply to an event, and that no tool has run. Returns the error.
async fn fault(event: Value, status: u16, code: i64, id: Value) -> Value {
    let (service, state) = counted();
    let shown = event.to_string();
    let reply = reply(&service, event).await;
    let message = message(&reply);
    assert_eq!((&reply["statusCode"], &message["error"]["code"]), (&json!(status), &json!(code)), "{shown}\n{reply}");
    assert_eq!((&message["jsonrpc"], &message["id"]), (&json!("2.0"), &id), "{shown}\n{reply}");
    assert_eq!(message.get("result"), None);
    assert!(message["error"]["message"].as_str().is_some_and(|text| !text.is_empty()));
    assert_eq!(state.ran(), 0);
    message["error"].clone()
}

fn call() -> Value {
    http(&rpc("tools/call", json!({"name": "act", "arguments": {"what": "hello"}})))
}

/// A valid call with a change.
fn with(change: impl FnOnce(&mut Value)) -> Value {
    let mut event = call();
    change(&mut event);
    event
}

fn with_body(change: impl FnOnce(&mut Value)) -> Value {
    with(|event| in_body(event, change))
}

fn meta(message: &mut Value) -> &mut serde_json::Map<String, Value> {
    message["params"]["_meta"].as_object_mut().unwrap()
}

const META: &str = "io.modelcontextprotocol";

#[tokio::test]
async fn a_required_key_of_meta_is_missing() {
    for key in ["protocolVersion", "clientCapabilities"] {
        let key = format!("{META}/{key}");
        let event = with_body(|message| drop(meta(message).remove(&key)));
        assert!(fault(event, 400, -32602, json!(7)).await["message"].as_str().unwrap().contains(&key));
    }
    for broken in [json!(null), json!(7), json!([]), json!({}), json!("2026-07-28")] {
        fault(with_body(|message| message["params"]["_meta"] = broken), 400, -32602, json!(7)).await;
    }
    for broken in [json!(null), json!(7), json!("")] {
        let key = format!("{META}/clientCapabilities");
        fault(with_body(|message| drop(meta(message).insert(key, broken))), 400, -32602, json!(7)).await;
    }
    let event = with_body(|message| drop(meta(message).insert(format!("{META}/protocolVersion"), json!(20260728))));
    fault(event, 400, -32602, json!(7)).await;
    // without any sign of its version, `server/discover` is still a modern method
    fault(legacy(None, "server/discover", json!({})), 400, -32602, json!("a")).await;
}

#[tokio::test]
async fn a_header_is_missing_or_differs_from_the_body() {
    for name in ["mcp-protocol-version", "mcp-method", "mcp-name"] {
        fault(with(|event| drop(event["headers"].as_object_mut().unwrap().remove(name))), 400, -32020, json!(7)).await;
        for other in [json!(""), json!("other"), json!("act, act"), json!(7), json!(["act"]), json!("=?base64?!?=")] {
            // a version of the future is checked as one
            fault(with(|event| event["headers"][name] = other), 400, -32020, json!(7)).await;
        }
    }
    let event = with(|event| event["headers"]["mcp-name"] = "=?base64?dXBkYXRl?=".into());
    fault(event, 400, -32020, json!(7)).await;
}

#[tokio::test]
async fn a_version_is_unknown() {
    for version in ["v999.0.0", "2027-01-01", "2025-11-25", "1"] {
        let event = with(|event| {
            event["headers"]["mcp-protocol-version"] = version.into();
            in_body(event, |message| drop(meta(message).insert(format!("{META}/protocolVersion"), version.into())));
        });
        let error = fault(event, 400, -32022, json!(7)).await;
        assert_eq!(error["data"], json!({"supported": ["2026-07-28"], "requested": version}));
    }
    for version in ["2024-11-05", "1", ""] {
        let error = fault(legacy(Some(version), "tools/list", json!({})), 400, -32600, json!("a")).await;
        assert!(error["message"].as_str().unwrap().contains("2025-11-25"));
    }
}

#[tokio::test]
async fn a_method_is_unknown() {
    for method in [
        "initialize",
        "ping",
        "logging/setLevel",
        "prompts/list",
        "resources/subscribe",
        "tasks/get",
        "x",
        "tools/Call",
    ] {
        fault(http(&rpc(method, json!({}))), 404, -32601, json!(7)).await;
    }
    // an older client reads 404 as the end of its session
    for method in ["logging/setLevel", "prompts/list", "x", ""] {
        fault(legacy(Some("2025-11-25"), method, json!({})), 200, -32601, json!("a")).await;
    }
}

#[tokio::test]
async fn parameters_are_not_valid() {
    let error = fault(with_body(|message| drop(message["params"]["name"].take())), 200, -32602, json!(7)).await;
    assert!(error["message"].as_str().unwrap().contains("params.name"));
    for arguments in [json!([]), json!("text"), json!(7)] {
        let error = fault(with_body(|message| message["params"]["arguments"] = arguments), 200, -32602, json!(7)).await;
        assert_eq!(error["data"]["error"]["kind"], "invalid");
    }
    for params in [json!([]), json!("text"), json!(7)] {
        fault(with_body(|message| message["params"] = params), 200, -32602, json!(7)).await;
    }
    let unknown = http(&rpc("tools/call", json!({"name": "actt", "arguments": {}})));
    let error = fault(unknown, 200, -32602, json!(7)).await;
    assert_eq!(error["message"], "unknown tool; did you mean `act`?");
    for cursor in [json!(""), json!("1"), json!(7)] {
        fault(http(&rpc("tools/list", json!({"cursor": cursor}))), 200, -32602, json!(7)).await;
        fault(legacy(None, "tools/list", json!({"cursor": cursor})), 200, -32602, json!("a")).await;
    }
    fault(legacy(None, "initialize", json!({})), 200, -32602, json!("a")).await;
    fault(legacy(None, "tools/call", json!({"arguments": {}})), 200, -32602, json!("a")).await;
    fault(legacy(None, "tools/call", json!({"name": "no_tool"})), 200, -32602, json!("a")).await;
}

#[tokio::test]
async fn a_body_is_no_json_or_no_request() {
    for body in ["", "{", "hello", "{\"jsonrpc\":\"2.0\"", "\u{0}"] {
        fault(with(|event| event["body"] = body.into()), 400, -32700, Value::Null).await;
    }
    for body in [json!(null), json!(7), json!({"jsonrpc": "2.0"})] {
        fault(with(|event| event["body"] = body), 400, -32700, Value::Null).await;
    }
    for body in ["!", "//8=", "e"] {
        let event = with(|event| {
            event["body"] = body.into();
            event["isBase64Encoded"] = true.into();
        });
        fault(event, 400, -32700, Value::Null).await;
    }
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    fault(with(|event| event["body"] = deep.into()), 400, -32700, Value::Null).await;
    for body in [json!([]), json!([rpc("tools/list", json!({}))]), json!(7), json!("text"), json!(null)] {
        fault(with(|event| event["body"] = body.to_string().into()), 400, -32600, Value::Null).await;
    }
    for id in [json!(null), json!(1.5), json!(true), json!([1]), json!({})] {
        fault(with_body(|message| message["id"] = id), 400, -32600, Value::Null).await;
    }
    for version in [json!("1.0"), json!(2.0), json!(null)] {
        fault(with_body(|message| message["jsonrpc"] = version), 400, -32600, json!(7)).await;
    }
    for method in [json!(null), json!(7)] {
        fault(with_body(|message| message["method"] = method), 400, -32600, json!(7)).await;
    }
    // a response is not a request, and a call needs an id
    let response = json!({"jsonrpc": "2.0", "id": 7, "result": {}});
    fault(with(|event| event["body"] = response.to_string().into()), 400, -32600, json!(7)).await;
    let without_id = |event: &mut Value| in_body(event, |message| drop(message.as_object_mut().unwrap().remove("id")));
    fault(with(without_id), 400, -32600, Value::Null).await;
    let mut older = legacy(None, "tools/call", json!({"name": "act", "arguments": {"what": "hello"}}));
    without_id(&mut older);
    fault(older, 400, -32600, Value::Null).await;
}

#[tokio::test]
async fn a_request_is_not_what_the_endpoint_takes() {
    for method in ["GET", "DELETE", "PUT", "OPTIONS", "HEAD", ""] {
        let event = with(|event| event["requestContext"]["http"]["method"] = method.into());
        fault(event.clone(), 405, -32600, Value::Null).await;
        assert_eq!(reply(&counted().0, event).await["headers"]["allow"], "POST");
    }
    for origin in
        ["https://evil.example", "null", "", "https://tools.example.evil.example", "tools.example", "https://"]
    {
        fault(with(|event| event["headers"]["origin"] = origin.into()), 403, -32600, Value::Null).await;
    }
    let own = reply(&counted().0, with(|event| event["headers"]["origin"] = "https://tools.example".into())).await;
    assert_eq!(own["statusCode"], 200);
    for kind in ["text/plain", "", "application/x-www-form-urlencoded", "application/jsonp"] {
        fault(with(|event| event["headers"]["content-type"] = kind.into()), 415, -32600, Value::Null).await;
    }
    for accepted in ["text/event-stream", "text/html"] {
        fault(with(|event| event["headers"]["accept"] = accepted.into()), 406, -32600, Value::Null).await;
    }
}

#[tokio::test]
async fn a_fault_of_a_tool_is_a_result_that_the_model_can_read() {
    for arguments in [json!({}), json!({"what": 7, "wat": 1}), json!({"what": "conflict"})] {
        let event = http(&rpc("tools/call", json!({"name": "act", "arguments": arguments})));
        let reply = reply(&counted().0, event).await;
        let message = message(&reply);
        assert_eq!((&reply["statusCode"], message.get("error")), (&json!(200), None), "{reply}");
        assert_eq!(message["result"]["isError"], true);
    }
}
