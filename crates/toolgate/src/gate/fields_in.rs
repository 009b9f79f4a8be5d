//! Gate 2, fields in: what is refused is refused by name. What is unknown is noted here too and told with all other
//! problems, at gate 3.

use crate::{call_context::CallContext, error::ToolError, nearest::same_name};

pub(crate) fn enter<S>(call: &CallContext<S>) -> Result<(), ToolError> {
    let tool = &call.tool;
    // most tools refuse nothing by name
    let sent = |refused: &&String| call.arguments.keys().any(|name| same_name(refused, name));
    let refused: Vec<String> = tool.refuse.iter().filter(sent).map(|name| format!("`{name}`")).collect();
    match refused.is_empty() {
        true => Ok(()),
        false => Err(ToolError::refused(format!("You don't have permission to modify {}", refused.join(", ")))),
    }
}
