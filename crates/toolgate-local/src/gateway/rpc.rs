//! JSON-RPC as far as HTTP is concerned: which bodies are a message, and how an error is encoded.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use serde_json::{Value, json};

pub(super) const PARSE_ERROR: i32 = -32700;
pub(super) const INVALID_REQUEST: i32 = -32600;
pub(super) const INTERNAL_ERROR: i32 = -32603;
/// The first of JSON-RPC's server error codes.
const NOT_READY: i32 = -32000;

/// The error before the gateway is ready.
pub(crate) fn not_ready(message: &str) -> Response {
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, NOT_READY, message).into_response()
}

/// A request that was refused, with the message for its sender.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) code: i32,
    pub(super) message: String,
    /// The request's id, if it is known.
    pub(super) id: Value,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, code: i32, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), id: Value::Null }
    }

    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, INVALID_REQUEST, message)
    }

    pub(super) fn of(mut self, body: &Value) -> Self {
        self.id = id(body);
        self
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let error = json!({"code": self.code, "message": self.message});
        (self.status, Json(json!({"jsonrpc": "2.0", "id": self.id, "error": error}))).into_response()
    }
}

/// The id of a message; null if it has none.
pub(super) fn id(body: &Value) -> Value {
    body.get("id").filter(|id| id.is_string() || id.is_number()).cloned().unwrap_or_default()
}

/// Parses a body that holds exactly one message.
pub(super) fn message(bytes: &[u8]) -> Result<Value, Refusal> {
    let body: Value = serde_json::from_slice(bytes).map_err(|error| {
        Refusal::new(StatusCode::BAD_REQUEST, PARSE_ERROR, format!("the body is not valid JSON: {error}"))
    })?;
    check(&body).map_err(|message| Refusal::bad_request(message).of(&body))?;
    Ok(body)
}

fn check(body: &Value) -> Result<(), &'static str> {
    let Some(message) = body.as_object() else {
        return Err(match body {
            Value::Array(_) => "batches are not served; send one message per request",
            _ => "the body is not a JSON-RPC message, which is an object",
        });
    };
    if message.get("jsonrpc") != Some(&json!("2.0")) {
        return Err("`jsonrpc` has to be \"2.0\"");
    }
    match message.get("id") {
        None | Some(Value::String(_)) => {}
        Some(Value::Number(number)) if !number.is_f64() => {}
        Some(_) => return Err("`id` has to be text or a whole number"),
    }
    match (message.get("method"), message.get("params")) {
        (Some(Value::String(_)), None | Some(Value::Object(_))) => Ok(()),
        (Some(Value::String(_)), Some(_)) => Err("`params` has to be an object"),
        (Some(_), _) => Err("`method` has to be text"),
        (None, _) if message.contains_key("result") || message.contains_key("error") => Ok(()),
        (None, _) => Err("`method` is missing"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_distinguished_from_other_bodies() {
        for good in [
            r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#,
            r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
            r#"{"jsonrpc":"2.0","id":"a","result":{}}"#,
        ] {
            assert!(message(good.as_bytes()).is_ok(), "{good}");
        }
        for (bad, code, says) in [
            ("", PARSE_ERROR, "not valid JSON"),
            ("{", PARSE_ERROR, "not valid JSON"),
            ("\u{fffd}", PARSE_ERROR, "not valid JSON"),
            ("[]", INVALID_REQUEST, "batches"),
            ("7", INVALID_REQUEST, "object"),
            (r#"{"id":1,"method":"ping"}"#, INVALID_REQUEST, "jsonrpc"),
            (r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, INVALID_REQUEST, "jsonrpc"),
            (r#"{"jsonrpc":"2.0","id":1}"#, INVALID_REQUEST, "missing"),
            (r#"{"jsonrpc":"2.0","id":1,"method":7}"#, INVALID_REQUEST, "text"),
            (r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, INVALID_REQUEST, "`id`"),
            (r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#, INVALID_REQUEST, "`id`"),
            (r#"{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}"#, INVALID_REQUEST, "`params`"),
        ] {
            let refusal = message(bad.as_bytes()).unwrap_err();
            assert_eq!(refusal.code, code, "{bad}");
            assert!(refusal.message.contains(says), "{bad}: {}", refusal.message);
        }
        assert!(message("[".repeat(100_000).as_bytes()).is_err());
    }
}
