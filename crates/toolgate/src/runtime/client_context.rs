//! Makes a client context readable for `lambda_runtime`, which takes nothing but text in `custom` and ends the process
//! over the rest.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};

use crate::wire::gateway;

/// The same client context in the one form that `lambda_runtime` reads: `custom` from text to text, values that were
/// not text as their JSON, and no `client`.
///
/// A key of AgentCore Gateway's that stands in the wrong place, or a tool name that is not text, must not get lost on
/// the way: the call would be read as one of another wire. Then `custom` has the key [`gateway::PREFIX`] and no tool
/// name, which the gateway wire answers with a function error.
///
/// # Errors
/// The text is no JSON. Nothing can be told then of who calls, so such a call must not be answered as if it had come
/// without a client context.
pub(crate) fn normalise(raw: &[u8]) -> Result<Value, serde_json::Error> {
    let context: Value = serde_json::from_slice(raw).or_else(|error| {
        // `cargo lambda watch` hands on what the caller sent: base64
        let decoded = BASE64_STANDARD.decode(raw.trim_ascii()).map_err(|_| error)?;
        serde_json::from_slice(&decoded)
    })?;
    let is_named = context.get("custom").and_then(|custom| custom.get(gateway::TOOL_NAME)?.as_str()).is_some();
    let texts = |name: &str| -> Map<String, Value> {
        let members = context.get(name).and_then(Value::as_object).into_iter().flatten();
        members.map(|(name, value)| (name.clone(), text(value))).collect()
    };
    let mut custom = texts("custom");
    if !is_named && has_gateway_key(&context) {
        custom.remove(gateway::TOOL_NAME);
        custom.insert(gateway::PREFIX.to_owned(), "".into());
    }
    // AWS calls it `env`, and `lambda_runtime` `environment`
    Ok(serde_json::json!({"custom": custom, "environment": texts("env")}))
}

/// Whether one of the gateway's keys stands anywhere, also in JSON that was sent as text.
fn has_gateway_key(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.iter().any(|(name, member)| gateway::is_own_key(name) || has_gateway_key(member))
        }
        Value::Array(items) => items.iter().any(has_gateway_key),
        Value::String(text) => serde_json::from_str(text).is_ok_and(|inner: Value| has_gateway_key(&inner)),
        _ => false,
    }
}

fn text(value: &Value) -> Value {
    match value {
        Value::String(text) => text.as_str().into(),
        other => other.to_string().into(),
    }
}
