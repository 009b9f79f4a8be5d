//! The direct wire: `{"toolName": "...", "toolInput": {...}}`, answered with `{"statusCode", "body"}`.
//!
//! All other members of the event are ignored. A caller that needs a session or an identity uses a wire that has a
//! channel for them.

use serde_json::{Map, Value};

use super::{Decoded, Echo, body_text, decoded, object, own_text, take_object};
use crate::{call::CallMetadata, error::ToolError};

pub(super) fn decode(mut event: Map<String, Value>) -> Decoded {
    let tool = own_text(event.remove("toolName").unwrap_or_default());
    let arguments = take_object(event.remove("toolInput").unwrap_or_default(), "`toolInput`");
    decoded(Echo::Direct, tool, arguments, CallMetadata::default())
}

pub(super) fn encode(outcome: Result<Value, ToolError>) -> Value {
    let (status, body) = match outcome {
        Ok(output) => (200, output),
        Err(error) => (error.status(), error.body()),
    };
    object([("statusCode", status.into()), ("body", body_text(&body).into())])
}
