//! The tool schema of AgentCore Gateway, as CloudFormation spells it. It supports only type, description, properties,
//! required and items. <https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-add-target-lambda.html>

use serde_json::{Map, Value, json};

use super::{
    dialect::{description, inner, kind},
    sorted,
};
use crate::catalog::Catalog;

/// AWS documents no limit for a description. This limit keeps a prompt readable.
const DESCRIPTION: usize = 1_200;

/// The `ToolSchema` of a handler's gateway target: `{"InlinePayload": [..]}`. It has no output schema, because an error
/// is also a normal result on the gateway.
pub fn gateway(catalog: &Catalog) -> Value {
    let tools = catalog.tools.iter().map(
        |tool| json!({"Name": tool.name, "Description": tool.description, "InputSchema": lower(&tool.input, true)}),
    );
    sorted(json!({"InlinePayload": tools.collect::<Vec<_>>()}))
}

/// Writes keywords in PascalCase and keeps the names of properties.
fn lower(schema: &Value, root: bool) -> Value {
    let mut lowered = Map::new();
    let target = inner(schema);
    lowered.insert("Type".into(), kind(schema).into());
    let text = if root { String::new() } else { description(schema, DESCRIPTION) };
    if !text.is_empty() {
        lowered.insert("Description".into(), text.into());
    }
    match kind(schema) {
        "object" => {
            let properties = target.get("properties").and_then(Value::as_object);
            let properties: Map<String, Value> =
                properties.into_iter().flatten().map(|(name, schema)| (name.clone(), lower(schema, false))).collect();
            lowered.insert("Properties".into(), properties.into());
            if let Some(required) = target.get("required") {
                lowered.insert("Required".into(), required.clone());
            }
        }
        "array" => {
            let items = target.get("items").map_or_else(|| json!({"Type": "string"}), |items| lower(items, false));
            lowered.insert("Items".into(), items);
        }
        _ => {}
    }
    lowered.into()
}
