//! The function wire: Bedrock Agents, an action group with function details.

use std::mem::take;

use serde_json::{Map, Value};

use super::{Decoded, Echo, agents::Event, body_text, object};
use crate::error::ToolError;

pub(super) fn decode(event: Map<String, Value>) -> Decoded {
    let mut event = Event::take(event);
    let (action_group, function) = (take(&mut event.action_group), take(&mut event.function));
    let parameters = vec![take(&mut event.parameters)];
    let tool = function.clone();
    event.decode(|unread| Echo::Function { action_group, function, unread }, tool, parameters)
}

pub(super) fn encode(action_group: String, function: String, outcome: Result<Value, ToolError>) -> Value {
    let (state, body) = match outcome {
        Ok(output) => (None, output),
        Err(error) => (error.response_state(), error.body()),
    };
    // `TEXT` is the only content type of this wire
    let body = object([("TEXT", object([("body", body_text(&body).into())]))]);
    let response = match state {
        Some(state) => object([("responseBody", body), ("responseState", state.into())]),
        None => object([("responseBody", body)]),
    };
    object([("actionGroup", action_group.into()), ("function", function.into()), ("functionResponse", response)])
}
