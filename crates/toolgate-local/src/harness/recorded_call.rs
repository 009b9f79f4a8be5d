//! The record of a call of an MCP server in its turn.

use serde_json::{Value, json};

use crate::{
    conversation::ToolCall,
    turns::{self, SpanKind, State},
};

/// Runs the call of a tool of an MCP server as a span.
pub(super) async fn remote(
    call: &ToolCall,
    request: impl Future<Output = Result<Value, String>>,
) -> Result<Value, String> {
    let open = turns::open(SpanKind::Call, || call.name.clone());
    open.note("wire", || "mcp".into());
    open.note("event", || json!({"name": call.name, "arguments": call.input}));
    let result = request.await;
    match &result {
        Ok(reply) => {
            open.note("reply", || reply.clone());
            let is_error = reply.get("isError") == Some(&Value::Bool(true));
            open.end(if is_error { State::Failed } else { State::Ok }, None);
        }
        Err(message) => open.end(State::Failed, Some(message.clone())),
    }
    result
}
