//! Makes a client context readable for `lambda_runtime`, which takes nothing but text in `custom` and ends the process
//! over the rest.

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};

/// The same client context in the one form that `lambda_runtime` reads: `custom` from text to text, values that were
/// no text as their JSON, and no `client`.
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
    let texts = |name: &str| -> Map<String, Value> {
        let members = context.get(name).and_then(Value::as_object).into_iter().flatten();
        members.map(|(name, value)| (name.clone(), text(value))).collect()
    };
    // AWS calls it `env`, and `lambda_runtime` `environment`
    Ok(serde_json::json!({"custom": texts("custom"), "environment": texts("env")}))
}

fn text(value: &Value) -> Value {
    match value {
        Value::String(text) => text.as_str().into(),
        other => other.to_string().into(),
    }
}
