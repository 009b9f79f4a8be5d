//! The HTTP headers of a message: since protocol version 2026-07-28 they repeat parts of it.

use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

const PROTOCOL_VERSION: &str = "mcp-protocol-version";
const METHOD: &str = "mcp-method";
const NAME: &str = "mcp-name";
const META_VERSION: &str = "io.modelcontextprotocol/protocolVersion";

/// The id of a message, or null.
pub(super) fn id(message: &Value) -> Value {
    message.get("id").cloned().unwrap_or_default()
}

/// The headers of a message, with its own protocol version, else the one of `initialize`.
pub(super) fn headers(message: &Value, agreed: Option<&str>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
    let own = message.pointer("/params/_meta").and_then(|meta| meta.get(META_VERSION)?.as_str());
    let method = message.get("method").and_then(Value::as_str);
    let name = match method {
        Some("tools/call" | "prompts/get") => message.pointer("/params/name").and_then(Value::as_str),
        Some("resources/read") => message.pointer("/params/uri").and_then(Value::as_str),
        _ => None,
    };
    for (header, value) in [(PROTOCOL_VERSION, own.or(agreed)), (METHOD, method), (NAME, name)] {
        if let Some(value) = value.and_then(header_value) {
            headers.insert(HeaderName::from_static(header), value);
        }
    }
    headers
}

/// A header's value; text that a header cannot hold is encoded as Base64, as the protocol requires.
fn header_value(text: &str) -> Option<HeaderValue> {
    let plain = text.trim() == text && text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) && !text.starts_with("=?");
    let text = if plain { text.to_owned() } else { format!("=?base64?{}?=", STANDARD.encode(text)) };
    HeaderValue::from_str(&text).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_names_its_own_version_before_the_agreed_one() {
        let call = json!({"id": 1, "method": "tools/call", "params": {"name": "orders___look_up"}});
        let sent = headers(&call, Some("2025-11-25"));
        assert_eq!(
            (&sent[PROTOCOL_VERSION], &sent[METHOD], &sent[NAME]),
            (
                &HeaderValue::from_static("2025-11-25"),
                &HeaderValue::from_static("tools/call"),
                &HeaderValue::from_static("orders___look_up"),
            )
        );
        let modern = json!({"id": 1, "method": "tools/list", "params": {"_meta": {META_VERSION: "2026-07-28"}}});
        let sent = headers(&modern, Some("2025-11-25"));
        assert_eq!(sent[PROTOCOL_VERSION], "2026-07-28");
        assert!(!sent.contains_key(NAME));
        assert!(!headers(&json!({"method": "ping"}), None).contains_key(PROTOCOL_VERSION));
    }

    #[test]
    fn text_that_no_header_may_hold_is_wrapped() {
        assert_eq!(header_value("plain").unwrap(), "plain");
        assert_eq!(header_value("größe").unwrap(), "=?base64?Z3LDtsOfZQ==?=");
        assert_eq!(header_value("a\r\nx-evil: 1").unwrap(), "=?base64?YQ0KeC1ldmlsOiAx?=");
        assert_eq!(header_value("=?base64?x?=").unwrap(), "=?base64?PT9iYXNlNjQ/eD89?=");
    }
}
