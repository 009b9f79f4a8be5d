//! The OpenAPI dialect of Bedrock Agents: exactly version 3.0.0, no `enum`, a description and an operationId on every
//! operation. <https://docs.aws.amazon.com/bedrock/latest/userguide/agents-api-schema.html>

use serde_json::{Map, Value, json};

use super::{lower::lower, sorted};
use crate::catalog::{Catalog, CatalogTool};

/// The OpenAPI document of a handler: one operation `POST /<tool>` per tool.
pub fn openapi(catalog: &Catalog) -> Value {
    let paths: Map<String, Value> =
        catalog.tools.iter().map(|tool| (format!("/{}", tool.name), json!({"post": operation(tool)}))).collect();
    sorted(json!({
        "openapi": "3.0.0",
        "info": {"title": catalog.group, "version": "1.0.0", "description": catalog.description},
        "paths": paths,
    }))
}

/// The document in the form of a template's `ApiSchema`: `{"Payload": "<JSON text>"}`.
pub fn action_group(catalog: &Catalog) -> Value {
    json!({"Payload": openapi(catalog).to_string()})
}

fn operation(tool: &CatalogTool) -> Value {
    let mut operation = json!({
        "operationId": tool.name,
        "description": tool.description,
        "responses": {"200": {
            "description": format!("the output of {}", tool.name),
            "content": {"application/json": {"schema": lower(&tool.output, str::to_owned)}},
        }},
        "x-requireConfirmation": if tool.confirm { "ENABLED" } else { "DISABLED" },
    });
    let has_input = tool.input.get("properties").and_then(Value::as_object).is_some_and(|fields| !fields.is_empty());
    if let (true, Some(operation)) = (has_input, operation.as_object_mut()) {
        let content = json!({"application/json": {"schema": lower(&tool.input, str::to_owned)}});
        operation.insert("requestBody".into(), json!({"required": true, "content": content}));
    }
    operation
}
