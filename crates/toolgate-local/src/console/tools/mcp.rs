//! The event of a call on the mcp wire: the request of an MCP client, from a caller whom a JWT authorizer has verified.

use std::collections::BTreeMap;

use http::{Method, Request, header};
use serde_json::{Map, Value, json};
use toolgate::Catalog;

use crate::lambda::url::event_of;

const PATH: &str = "/mcp";
const VERSION: &str = "2026-07-28";
const META: &str = "io.modelcontextprotocol";

/// The claims have no `sub`: a router may read identity from it, and it is only there if the call names it.
const ISSUER: &str = "https://issuer.example";

/// `identity` is by the name of its session attribute.
pub(super) fn event(
    function: &str,
    tool: &str,
    catalog: &Catalog,
    input: &Map<String, Value>,
    identity: &BTreeMap<String, String>,
) -> Value {
    let body = json!({
        "jsonrpc": "2.0", "id": 1, "method": "tools/call",
        "params": {"name": tool, "arguments": input, "_meta": {
            (format!("{META}/protocolVersion")): VERSION, (format!("{META}/clientCapabilities")): {},
        }},
    });
    let request = Request::builder()
        .method(Method::POST)
        .uri(PATH)
        .header(header::HOST, "console.local")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::ACCEPT, "application/json, text/event-stream")
        .header("mcp-protocol-version", VERSION)
        .header("mcp-method", "tools/call")
        .header("mcp-name", tool)
        .body(());
    let mut claims = Map::from_iter([("iss".to_owned(), Value::from(ISSUER))]);
    for source in &catalog.identity {
        let value = identity.get(&source.attribute);
        let both = source.claims.first().zip(value);
        claims.extend(both.map(|(claim, value)| (claim.clone(), Value::from(value.as_str()))));
    }
    let authorizer = json!({"jwt": {"claims": claims, "scopes": null}});
    match request {
        Ok(request) => event_of(function, PATH, &request.into_parts().0, body.to_string().as_bytes(), authorizer),
        // a name that no header can hold
        Err(_) => Value::Null,
    }
}
