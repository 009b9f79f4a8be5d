//! Requests of an MCP client, as HTTP events.

use serde_json::{Value, json};

pub(crate) const VERSION: &str = "2026-07-28";

/// A modern JSON-RPC request.
pub(crate) fn rpc(method: &str, mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": VERSION, "io.modelcontextprotocol/clientCapabilities": {},
    });
    json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params})
}

/// The HTTP event of a JSON-RPC message, from a caller whom a JWT authorizer has verified.
pub(crate) fn http(message: &Value) -> Value {
    let mut headers = json!({
        "content-type": "application/json", "accept": "application/json, text/event-stream",
        "mcp-protocol-version": VERSION, "mcp-method": message["method"],
    });
    if let Some(name) = message["params"]["name"].as_str() {
        headers["mcp-name"] = name.into();
    }
    json!({
        "version": "2.0", "rawPath": "/mcp", "headers": headers, "body": message.to_string(), "isBase64Encoded": false,
        "requestContext": {
            "domainName": "tools.example", "http": {"method": "POST", "path": "/mcp"},
            "authorizer": {"jwt": {"claims": {"sub": "CUST-1"}, "scopes": []}},
        },
    })
}

/// Changes the message in the body of an HTTP event.
pub(crate) fn in_body(event: &mut Value, change: impl FnOnce(&mut Value)) {
    let mut message: Value = serde_json::from_str(event["body"].as_str().unwrap()).unwrap();
    change(&mut message);
    event["body"] = message.to_string().into();
}

/// The JSON-RPC message in an HTTP reply.
pub(crate) fn message(reply: &Value) -> Value {
    serde_json::from_str(reply["body"].as_str().unwrap()).unwrap()
}
