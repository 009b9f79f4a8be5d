//! The gateway wire: the event is the arguments; the tool's name is in the client context that AgentCore Gateway sets.
//!
//! <https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-add-target-lambda.html>

use std::collections::{BTreeMap, HashMap};

use lambda_runtime::Context;
use serde_json::Value;

use super::{Decoded, Echo, decoded, take_object};
use crate::{call::Facts, error::ToolError};

const TOOL_NAME: &str = "bedrockAgentCoreToolName";
const HEADERS: &str = "bedrockAgentCorePropagatedHeaders";
/// Between the target's name and the tool's. A target name has no underscore, so the first one is the border.
const BORDER: &str = "___";

/// The `custom` part of a client context that names a tool.
pub(super) fn custom(context: &Context) -> Option<&HashMap<String, String>> {
    let custom = &context.client_context.as_ref()?.custom;
    custom.contains_key(TOOL_NAME).then_some(custom)
}

pub(super) fn decode(event: Value, custom: &HashMap<String, String>) -> Decoded {
    let name = custom.get(TOOL_NAME).map_or("", String::as_str);
    let tool = name.split_once(BORDER).map_or(name, |(_target, tool)| tool).to_owned();
    let facts = Facts { headers: headers(custom), ..Facts::default() };
    decoded(Echo::Gateway, tool, take_object(event, "the event"), facts)
}

/// Headers arrive as an object or as JSON text; both are text by the time they get here.
fn headers(custom: &HashMap<String, String>) -> BTreeMap<String, String> {
    let read = |text: &String| serde_json::from_str::<BTreeMap<String, Value>>(text).ok();
    let mut headers = BTreeMap::<String, String>::new();
    for (name, value) in custom.get(HEADERS).and_then(read).unwrap_or_default() {
        let value = header_text(value);
        // a name that comes twice, in two cases say, is joined as HTTP does
        headers
            .entry(name.to_ascii_lowercase())
            .and_modify(|first| {
                first.push_str(", ");
                first.push_str(&value);
            })
            .or_insert(value);
    }
    headers
}

/// A header's value; a list of one is that one. What is ambiguous stays as JSON, which names nobody: leaving it out
/// could turn a bound caller into an unbound one.
fn header_text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        Value::Array(mut values) if values.len() == 1 => values.pop().map(header_text).unwrap_or_default(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// An error is a normal result: a Lambda error would become generic text on the way to the model.
pub(super) fn encode(outcome: Result<Value, ToolError>) -> Value {
    outcome.unwrap_or_else(|error| error.body())
}
