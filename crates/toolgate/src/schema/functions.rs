//! The function-details dialect of Bedrock Agents, as CloudFormation spells it. It knows five parameter types and no
//! nesting. <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-bedrock-agent-function.html>

use serde_json::{Map, Value, json};

use super::dialect::{cut, description, kind};
use crate::{Catalog, catalog::CatalogTool};

/// Longest description of a function, by the service model.
const FUNCTION_DESCRIPTION: usize = 1_200;
/// Longest description of a parameter, by the service model.
const PARAMETER_DESCRIPTION: usize = 500;

/// The `FunctionSchema` of a handler's action group: `{"Functions": [..]}`.
pub fn functions(catalog: &Catalog) -> Value {
    json!({"Functions": catalog.tools.iter().map(function).collect::<Vec<_>>()})
}

fn function(tool: &CatalogTool) -> Value {
    let required: Vec<&str> =
        tool.input.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let properties = tool.input.get("properties").and_then(Value::as_object);
    let parameters: Map<String, Value> = properties
        .into_iter()
        .flatten()
        .map(|(name, schema)| (name.clone(), parameter(schema, required.contains(&name.as_str()))))
        .collect();
    json!({
        "Name": tool.name,
        "Description": cut(&tool.description, FUNCTION_DESCRIPTION),
        "Parameters": parameters,
        "RequireConfirmation": if tool.confirm { "ENABLED" } else { "DISABLED" },
    })
}

fn parameter(schema: &Value, required: bool) -> Value {
    let (kind, description) = match kind(schema) {
        // no such type here: the model writes the object as JSON text, and the handler reads it
        "object" => (
            "string",
            cut(&format!("{} (a JSON object)", description(schema, PARAMETER_DESCRIPTION - 16)), PARAMETER_DESCRIPTION),
        ),
        kind => (kind, description(schema, PARAMETER_DESCRIPTION)),
    };
    json!({"Type": kind, "Description": description, "Required": required})
}
