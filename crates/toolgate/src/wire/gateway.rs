//! The gateway wire: the event is the arguments; the tool's name is in the client context that AgentCore Gateway sets.
//!
//! <https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-add-target-lambda.html>

use std::collections::{BTreeMap, HashMap};

use lambda_runtime::Context;
use serde_json::Value;

use super::{Decoded, Echo, decoded, take_object, unreadable_identity};
use crate::{call::Facts, error::ToolError};

/// How every key of the client context begins that AgentCore Gateway sets.
pub(crate) const PREFIX: &str = "bedrockAgentCore";
pub(crate) const TOOL_NAME: &str = "bedrockAgentCoreToolName";
const HEADERS: &str = "bedrockAgentCorePropagatedHeaders";
/// Between the target's name and the tool's. A target name has no underscore, so the first one is the border.
const BORDER: &str = "___";

/// Whether a key of the client context is one of the gateway's, in any case.
pub(crate) fn is_own_key(name: &str) -> bool {
    name.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
}

/// The `custom` part of a client context that the gateway made: any key of the gateway's proves that, since nothing
/// else may pass for another wire's event.
pub(super) fn custom(context: &Context) -> Option<&HashMap<String, String>> {
    let client = context.client_context.as_ref()?;
    let is_gateways = client.custom.keys().chain(client.environment.keys()).any(|name| is_own_key(name));
    is_gateways.then_some(&client.custom)
}

/// Reads the event; `None` where the client context names no tool, so that nobody knows what is called.
pub(super) fn decode(event: Value, custom: &HashMap<String, String>) -> Option<Decoded> {
    let name = custom.get(TOOL_NAME)?;
    let tool = name.split_once(BORDER).map_or(name.as_str(), |(_target, tool)| tool).to_owned();
    let arguments = take_object(event, "the event");
    let mut facts = Facts::default();
    let read = read_headers(custom, &mut facts);
    let mut decoded = decoded(Echo::Gateway, tool, arguments, facts);
    if read.is_none() {
        decoded.unreadable = Some(unreadable_identity("the headers that the gateway passed on"));
    }
    Some(decoded)
}

/// Headers arrive as an object or as JSON text; both are text by the time they get here. `None` where they are there
/// and are not an object: dropping them could turn a bound caller into an unbound one.
fn read_headers(custom: &HashMap<String, String>, facts: &mut Facts) -> Option<()> {
    for raw in custom.iter().filter(|(name, _)| name.eq_ignore_ascii_case(HEADERS)).map(|(_, raw)| raw) {
        for (name, value) in serde_json::from_str::<BTreeMap<String, Value>>(raw).ok()? {
            let name = name.to_ascii_lowercase();
            let (text, is_one_text) = header_text(value);
            let first = facts.headers.get(&name).cloned();
            // a name that comes twice, in two cases say, is joined as HTTP does
            let joined = first.as_ref().map_or_else(|| text.clone(), |first| format!("{first}, {text}"));
            if !is_one_text || first.is_some_and(|first| first != text) {
                facts.ambiguous_headers.insert(name.clone());
            }
            facts.headers.insert(name, joined);
        }
    }
    Some(())
}

/// A header's value as text, and whether it is one text, or a list of one. Only such a value may name a caller.
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

/// An error is a normal result: a Lambda error would become generic text on the way to the model.
pub(super) fn encode(outcome: Result<Value, ToolError>) -> Value {
    outcome.unwrap_or_else(|error| error.body())
}
