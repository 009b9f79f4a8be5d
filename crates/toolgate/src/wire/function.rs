//! The function wire: Bedrock Agents, an action group with function details.

use serde_json::{Map, Value, json};

use super::{Decoded, Echo, agents, take_text};
use crate::error::ToolError;

pub(super) fn decode(mut event: Map<String, Value>) -> Decoded {
    let function = take_text(&mut event, "function");
    let action_group = take_text(&mut event, "actionGroup");
    let parameters = vec![event.remove("parameters").unwrap_or_default()];
    let tool = function.clone();
    agents::decode(&mut event, Echo::Function { action_group, function }, tool, parameters)
}

pub(super) fn encode(action_group: String, function: String, outcome: Result<Value, ToolError>) -> Value {
    let (state, body) = match outcome {
        Ok(output) => (None, output),
        Err(error) => (error.response_state(), error.body()),
    };
    // `TEXT` is the only content type of this wire
    let mut response = json!({"responseBody": {"TEXT": {"body": body.to_string()}}});
    if let (Some(state), Some(response)) = (state, response.as_object_mut()) {
        response.insert("responseState".into(), state.into());
    }
    json!({"actionGroup": action_group, "function": function, "functionResponse": response})
}
