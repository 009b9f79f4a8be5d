//! The function wire: Bedrock Agents, an action group with function details.

use serde_json::{Map, Value};

use super::{Decoded, Echo, agents, object, take_text};
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
    let body = object([("TEXT", object([("body", body.to_string().into())]))]);
    let response = match state {
        Some(state) => object([("responseBody", body), ("responseState", state.into())]),
        None => object([("responseBody", body)]),
    };
    object([("actionGroup", action_group.into()), ("function", function.into()), ("functionResponse", response)])
}
