//! The details of a span: named JSON values with limits, kept as text.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Maximum length of a text, in bytes. The rest is cut off.
pub(super) const TEXT_BYTES: usize = 256 * 1024;
/// Maximum size of one member, in bytes of JSON. A larger one is replaced.
const MEMBER_BYTES: usize = 4 * 1024 * 1024;

/// Members by name, as JSON text.
#[derive(Debug, Default)]
pub(crate) struct Detail(BTreeMap<&'static str, String>);

impl Detail {
    pub(crate) fn bytes(&self) -> usize {
        self.0.iter().map(|(name, json)| name.len() + json.len()).sum()
    }

    pub(super) fn set(&mut self, name: &'static str, json: String) {
        self.0.insert(name, json);
    }

    /// All members as one JSON object, with these beside them.
    pub(super) fn object(&self, others: impl IntoIterator<Item = (&'static str, String)>) -> String {
        let own = self.0.iter().map(|(name, json)| format!("\"{name}\":{json}"));
        let others = others.into_iter().map(|(name, json)| format!("\"{name}\":{json}"));
        format!("{{{}}}", own.chain(others).collect::<Vec<_>>().join(","))
    }
}

/// A value as JSON text within the limits.
pub(super) fn text_of(mut value: Value) -> String {
    cut(&mut value);
    let text = value.to_string();
    match text.len() {
        bytes if bytes > MEMBER_BYTES => json!({"$cut": true, "text": "", "bytes": bytes}).to_string(),
        _ => text,
    }
}

/// JSON text within the limits. Text that is not JSON becomes a JSON string.
pub(super) fn json_of(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    match serde_json::from_str::<Value>(&text) {
        Ok(value) => text_of(value),
        Err(_) => text_of(Value::from(text)),
    }
}

/// Cuts all long texts in a value.
pub(super) fn cut(value: &mut Value) {
    match value {
        Value::String(text) if text.len() > TEXT_BYTES => {
            *value = json!({"$cut": true, "text": start(text, TEXT_BYTES), "bytes": text.len()});
        }
        Value::Array(items) => items.iter_mut().for_each(cut),
        Value::Object(members) => members.values_mut().for_each(cut),
        _ => {}
    }
}

/// The start of a text, at most so many bytes and only whole characters.
pub(super) fn start(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
