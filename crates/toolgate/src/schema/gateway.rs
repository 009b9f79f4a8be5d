//! The tool schema of AgentCore Gateway, as CloudFormation spells it: type, description, properties, required and
//! items, and nothing else. <https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-add-target-lambda.html>

use serde_json::{Map, Value, json};

use super::{
    dialect::{description, inner, kind},
    sorted,
};
use crate::catalog::Catalog;

/// No limit is documented for a description; this one keeps a prompt readable.
const DESCRIPTION: usize = 1_200;

/// The `ToolSchema` of a handler's gateway target: `{"InlinePayload": [..]}`. It has no output schema, since an error
/// is a normal result there.
pub fn gateway(catalog: &Catalog) -> Value {
    let tools = catalog.tools.iter().map(
        |tool| json!({"Name": tool.name, "Description": tool.description, "InputSchema": lower(&tool.input, true)}),
    );
    sorted(json!({"InlinePayload": tools.collect::<Vec<_>>()}))
}

/// Keywords in PascalCase; the names of properties stay as they are.
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
