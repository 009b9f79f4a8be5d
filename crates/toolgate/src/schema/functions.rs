//! The function-details dialect of Bedrock Agents, as CloudFormation spells it. It has five parameter types and no
//! nesting.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-bedrock-agent-function.html>

use serde_json::{Map, Value, json};

use super::{
    dialect::{cut, description, kind, members},
    sorted,
};
use crate::catalog::{Catalog, CatalogTool};

/// Maximum length of a function's description, from the service model.
const FUNCTION_DESCRIPTION: usize = 1_200;
/// Maximum length of a parameter's description, from the service model.
const PARAMETER_DESCRIPTION: usize = 500;

/// The `FunctionSchema` of a handler's action group: `{"Functions": [..]}`.
pub fn functions(catalog: &Catalog) -> Value {
    sorted(json!({"Functions": catalog.tools.iter().map(function).collect::<Vec<_>>()}))
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
    let kind = kind(schema);
    // the dialect has no objects: the model writes an object as JSON text, and the handler parses it
    let note = match (kind, members(schema)) {
        ("object", Some(members)) => format!(" (a JSON object with {members})"),
        ("object", None) => " (a JSON object)".to_owned(),
        ("array", Some(members)) => format!(" (each with {members})"),
        _ => String::new(),
    };
    let room = PARAMETER_DESCRIPTION.saturating_sub(note.chars().count());
    let text = cut(format!("{}{note}", description(schema, room)).trim(), PARAMETER_DESCRIPTION);
    let mut parameter = json!({"Type": if kind == "object" { "string" } else { kind }, "Required": required});
    if let (false, Some(parameter)) = (text.is_empty(), parameter.as_object_mut()) {
        parameter.insert("Description".into(), text.into());
    }
    parameter
}
