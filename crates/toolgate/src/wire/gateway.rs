//! The gateway wire: the event contains only the arguments. AgentCore Gateway sends the tool's name in the client
//! context.
//!
//! <https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-add-target-lambda.html>

use std::collections::{BTreeMap, HashMap};

use lambda_runtime::Context;
use serde_json::Value;

use super::{Decoded, Echo, decoded, take_object, unreadable_identity};
use crate::{call::CallMetadata, error::ToolError};

/// Prefix of all client context keys that AgentCore Gateway sets.
pub(crate) const PREFIX: &str = "bedrockAgentCore";
pub(crate) const TOOL_NAME: &str = "bedrockAgentCoreToolName";
const HEADERS: &str = "bedrockAgentCorePropagatedHeaders";
/// Separates the target's name from the tool's name. A target name has no underscore, so the first occurrence is the
/// separator.
const BORDER: &str = "___";

/// Whether a key of the client context belongs to the gateway. The case of the name does not matter.
pub(crate) fn is_own_key(name: &str) -> bool {
    name.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}

/// The `custom` part of a client context from the gateway. Any key of the gateway identifies it, so that the event can
/// never pass for an event of another wire.
pub(super) fn custom(context: &Context) -> Option<&HashMap<String, String>> {
    let client = context.client_context.as_ref()?;
    let is_gateways = client.custom.keys().chain(client.environment.keys()).any(|name| is_own_key(name));
    is_gateways.then_some(&client.custom)
}

/// Decodes the event. `None` where the client context names no tool.
pub(super) fn decode(event: Value, custom: &HashMap<String, String>) -> Option<Decoded> {
    let name = custom.get(TOOL_NAME)?;
    let tool = name.split_once(BORDER).map_or(name.as_str(), |(_target, tool)| tool).to_owned();
    let arguments = take_object(event, "the event");
    let mut metadata = CallMetadata::default();
    let read = read_headers(custom, &mut metadata);
    let mut decoded = decoded(Echo::Gateway, tool, arguments, metadata);
    if read.is_none() {
        decoded.unreadable = Some(unreadable_identity("the headers that the gateway passed on"));
    }
    Some(decoded)
}

/// Headers arrive as an object or as JSON text. Both are text at this point. `None` where there are headers that are
/// not an object: if they were dropped, a caller with an identity could pass as a caller without one.
fn read_headers(custom: &HashMap<String, String>, metadata: &mut CallMetadata) -> Option<()> {
    for raw in custom.iter().filter(|(name, _)| name.eq_ignore_ascii_case(HEADERS)).map(|(_, raw)| raw) {
        for (name, value) in serde_json::from_str::<BTreeMap<String, Value>>(raw).ok()? {
            let name = name.to_ascii_lowercase();
            let (text, is_one_text) = header_text(value);
            let first = metadata.headers.get(&name).cloned();
            // a name that occurs twice, for example in two cases, is joined as in HTTP
            let joined = first.as_ref().map_or_else(|| text.clone(), |first| format!("{first}, {text}"));
            if !is_one_text || first.is_some_and(|first| first != text) {
                metadata.ambiguous_headers.insert(name.clone());
            }
            metadata.headers.insert(name, joined);
        }
    }
    Some(())
}

/// A header's value as text, and whether it is a single text or a list with a single text. Only such a value may
/// identify a caller.
fn header_text(value: Value) -> (String, bool) {
    match value {
        Value::String(text) => (text, true),
        Value::Array(values) => match <[Value; 1]>::try_from(values) {
            Ok([Value::String(text)]) => (text, true),
            Ok([value]) => (value.to_string(), false),
            Err(values) => (Value::Array(values).to_string(), false),
        },
        Value::Null => (String::new(), false),
        other => (other.to_string(), false),
    }
}

/// Encodes an error as a normal result. The gateway would replace a Lambda error with a generic text before the model
/// reads it.
pub(super) fn encode(outcome: Result<Value, ToolError>) -> Value {
    outcome.unwrap_or_else(|error| error.body())
}
