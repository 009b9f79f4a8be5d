//! Converts a client context to the form that `lambda_runtime` accepts. `lambda_runtime` accepts only text in `custom`,
//! and ends the process for any other value.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};

use crate::wire::gateway;

/// Converts a client context to the one form that `lambda_runtime` reads: `custom` maps text to text, other values
/// become their JSON text, and `client` is removed.
///
/// A key of AgentCore Gateway in the wrong place, or a tool name that is not text, must not be lost. Otherwise the call
/// would be read as a call of another wire. In that case `custom` has the key [`gateway::PREFIX`] and no tool name, and
/// the gateway wire answers with a function error.
///
/// # Errors
/// The text is not valid JSON. The caller is then unknown, so such a call must not be answered like a call without a
/// client context.
pub(crate) fn normalise(raw: &[u8]) -> Result<Value, serde_json::Error> {
    let context: Value = serde_json::from_slice(raw).or_else(|error| {
        // `cargo lambda watch` passes on the caller's header unchanged, in base64
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
    // AWS uses the name `env`, `lambda_runtime` the name `environment`
    Ok(serde_json::json!({"custom": custom, "environment": texts("env")}))
}

/// Whether a key of the gateway occurs anywhere, also in JSON that was sent as text.
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
