//! The metadata file of a document, `NAME.md.metadata.json`, in the two forms that Bedrock accepts.
//!
//! ```json
//! {"metadataAttributes": {
//!   "year": 2026,
//!   "title": {"value": {"type": "STRING", "stringValue": "Returns"}, "includeForEmbedding": true}
//! }}
//! ```
//!
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/s3-data-source-connector.html>

use serde_json::{Map, Value};

/// What follows the name of the document in the name of its metadata file.
pub(super) const ENDING: &str = ".metadata.json";
/// The service's limit on a metadata file, in bytes.
pub(super) const BYTES: u64 = 10 * 1024;

/// The metadata of a document.
#[derive(Debug, Default)]
pub(super) struct Metadata {
    pub(super) attributes: Map<String, Value>,
    /// The values of attributes with `includeForEmbedding`, which are searched together with the text.
    pub(super) searched: Vec<String>,
}

/// Reads a metadata file.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(text: &str) -> Result<Metadata, String> {
    let file: Value = serde_json::from_str(text).map_err(|error| format!("it is not valid JSON: {error}"))?;
    let attributes = file.get("metadataAttributes").and_then(Value::as_object);
    let attributes = attributes.ok_or("it needs an object `metadataAttributes`")?;
    let mut metadata = Metadata::default();
    for (name, written) in attributes {
        let (value, searched) = attribute(written).ok_or_else(|| {
            format!(
                "the value of `{name}` must be a string, a number, a boolean or a list of strings, or an object like \
                 `{{\"value\": {{\"type\": \"STRING\", \"stringValue\": \"…\"}}, \"includeForEmbedding\": true}}`"
            )
        })?;
        if searched {
            metadata.searched.push(match &value {
                Value::String(text) => text.clone(),
                Value::Array(items) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
                other => other.to_string(),
            });
        }
        metadata.attributes.insert(name.clone(), value);
    }
    Ok(metadata)
}

/// The value of an attribute, and whether it is searched.
fn attribute(written: &Value) -> Option<(Value, bool)> {
    let Some(object) = written.as_object() else { return is_value(written).then(|| (written.clone(), false)) };
    let value = object.get("value")?;
    let member = match value.get("type")?.as_str()? {
        "STRING" => value.get("stringValue").filter(|value| value.is_string()),
        "NUMBER" => value.get("numberValue").filter(|value| value.is_number()),
        "BOOLEAN" => value.get("booleanValue").filter(|value| value.is_boolean()),
        "STRING_LIST" => value.get("stringListValue").filter(|value| value.is_array() && is_value(value)),
        _ => None,
    }?;
    let searched = match object.get("includeForEmbedding") {
        None => false,
        Some(flag) => flag.as_bool()?,
    };
    Some((member.clone(), searched))
}

fn is_value(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().all(Value::is_string),
        Value::String(_) | Value::Number(_) | Value::Bool(_) => true,
        Value::Null | Value::Object(_) => false,
    }
}
