//! The direct wire: `{"toolName": "...", "toolInput": {...}}`, answered with `{"statusCode", "body"}`.
//!
//! Nothing else of the event is read: a caller that wants a session or an identity uses a wire that has a channel
//! for them.

use serde_json::{Map, Value, json};

use super::{Decoded, Echo, decoded, take_object, take_text};
use crate::{call::Facts, error::ToolError};

pub(super) fn decode(mut event: Map<String, Value>) -> Decoded {
    let tool = take_text(&mut event, "toolName");
    let arguments = take_object(event.remove("toolInput").unwrap_or_default(), "`toolInput`");
    decoded(Echo::Direct, tool, arguments, Facts::default())
}

pub(super) fn encode(outcome: Result<Value, ToolError>) -> Value {
    let (status, body) = match outcome {
        Ok(output) => (200, output),
        Err(error) => (error.status(), error.body()),
    };
    json!({"statusCode": status, "body": body.to_string()})
}
