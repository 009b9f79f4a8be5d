//! The tool schema of AgentCore Gateway, as CloudFormation spells it. It supports only type, description, properties,
//! required and items. <https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-add-target-lambda.html>

use serde_json::{Value, json};

use super::{lower::lower, sorted};
use crate::catalog::Catalog;

/// The `ToolSchema` of a handler's gateway target: `{"InlinePayload": [..]}`. It has no output schema, because an error
/// is also a normal result on the gateway.
pub fn gateway(catalog: &Catalog) -> Value {
    let tools = catalog
        .tools
        .iter()
        .map(|tool| json!({"Name": tool.name, "Description": tool.description, "InputSchema": input(&tool.input)}));
    sorted(json!({"InlinePayload": tools.collect::<Vec<_>>()}))
}

/// The schema of a whole input, which the tool's own description describes.
fn input(schema: &Value) -> Value {
    let mut input = lower(schema, pascal_case);
    if let Some(input) = input.as_object_mut() {
        input.remove("Description");
    }
    input
}

fn pascal_case(keyword: &str) -> String {
    let mut letters = keyword.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}
