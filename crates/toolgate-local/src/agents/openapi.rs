//! The operations of an action group's OpenAPI document, as far as an agent needs them.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

const METHODS: [&str; 7] = ["get", "put", "post", "delete", "options", "head", "patch"];

/// One operation.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) id: String,
    pub(crate) description: String,
    /// The path as in the document, with its templates.
    pub(crate) path: String,
    /// In lower case, as in the document.
    pub(crate) method: String,
    pub(crate) confirm: bool,
    /// The types of the parameters in path, query and headers.
    pub(crate) parameters: BTreeMap<String, String>,
    /// The media type of the request body, and the types of its properties.
    pub(crate) body: Option<(String, BTreeMap<String, String>)>,
    /// The media types that a reply may have.
    pub(crate) replies: Vec<String>,
    /// One JSON Schema for parameters and body together.
    pub(crate) input_schema: Value,
}

/// All operations of a document. Operations that cannot be used are added to `problems`.
pub(crate) fn operations(document: &Value, group: &str, problems: &mut Vec<String>) -> Vec<Operation> {
    let Some(paths) = document.get("paths").and_then(Value::as_object) else {
        problems.push(format!("action group `{group}`: the OpenAPI document has no `paths`"));
        return Vec::new();
    };
    let mut found = Vec::new();
    for (path, item) in paths {
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            match operation.get("operationId").and_then(Value::as_str) {
                Some(id) => found.push(read(document, path, method, id, item, operation)),
                None => problems.push(format!("action group `{group}`: `{method} {path}` has no `operationId`")),
            }
        }
    }
    found
}

fn read(document: &Value, path: &str, method: &str, id: &str, item: &Value, operation: &Value) -> Operation {
    let mut properties = Map::new();
    let mut required = Vec::new();
    let mut parameters = BTreeMap::new();
    for parameter in [item, operation].into_iter().filter_map(|level| level.get("parameters")?.as_array()).flatten() {
        let parameter = resolve(document, parameter);
        let Some(name) = parameter.get("name").and_then(Value::as_str) else { continue };
        let schema = inlined(document, parameter.get("schema").unwrap_or(&Value::Null), 0);
        parameters.insert(name.to_owned(), kind(&schema));
        if parameter.get("required") == Some(&Value::Bool(true)) {
            required.push(json!(name));
        }
        properties.insert(name.to_owned(), described(schema, parameter.get("description")));
    }
    let content = operation
        .get("requestBody")
        .map(|body| resolve(document, body))
        .and_then(|body| body.get("content")?.as_object());
    let body = content.and_then(|content| content.iter().next()).map(|(media, content)| {
        let schema = inlined(document, content.get("schema").unwrap_or(&Value::Null), 0);
        let mut kinds = BTreeMap::new();
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            kinds.insert(name.clone(), kind(property));
            properties.entry(name.clone()).or_insert_with(|| property.clone());
        }
        for name in schema.get("required").and_then(Value::as_array).into_iter().flatten() {
            if !required.contains(name) {
                required.push(name.clone());
            }
        }
        (media.clone(), kinds)
    });
    let text = |name: &str| operation.get(name).and_then(Value::as_str);
    let mut input_schema = json!({"type": "object", "properties": properties});
    if let (false, Some(schema)) = (required.is_empty(), input_schema.as_object_mut()) {
        schema.insert("required".to_owned(), Value::Array(required));
    }
    Operation {
        id: id.to_owned(),
        description: text("description").or_else(|| text("summary")).unwrap_or_default().to_owned(),
        path: path.to_owned(),
        method: method.to_owned(),
        confirm: text("x-requireConfirmation") == Some("ENABLED"),
        parameters,
        body,
        replies: reply_media_types(document, operation),
        input_schema,
    }
}

fn reply_media_types(document: &Value, operation: &Value) -> Vec<String> {
    let mut types: Vec<String> = operation
        .get("responses")
        .and_then(Value::as_object)
        .into_iter()
        .flat_map(Map::values)
        .filter_map(|response| resolve(document, response).get("content")?.as_object())
        .flat_map(Map::keys)
        .cloned()
        .collect();
    types.sort();
    types.dedup();
    if types.is_empty() {
        types.push("application/json".to_owned());
    }
    types
}

fn described(mut schema: Value, description: Option<&Value>) -> Value {
    if let (Some(schema), Some(description)) = (schema.as_object_mut(), description) {
        schema.insert("description".to_owned(), description.clone());
    }
    schema
}

fn kind(schema: &Value) -> String {
    schema.get("type").and_then(Value::as_str).unwrap_or("string").to_owned()
}

/// Resolves a `$ref` inside the document.
fn resolve<'a>(document: &'a Value, value: &'a Value) -> &'a Value {
    let pointer = value.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}

/// Replaces a schema's references, because the model does not get the document.
fn inlined(document: &Value, schema: &Value, depth: u8) -> Value {
    // Limits the depth, because a schema may contain itself.
    if depth > 16 {
        return json!({});
    }
    match resolve(document, schema) {
        Value::Null => json!({"type": "string"}),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), nested(document, value, depth))).collect()
        }
        other => other.clone(),
    }
}

fn nested(document: &Value, value: &Value, depth: u8) -> Value {
    match value {
        Value::Object(_) => inlined(document, value, depth + 1),
        Value::Array(items) => items.iter().map(|item| nested(document, item, depth + 1)).collect(),
        other => other.clone(),
    }
}
