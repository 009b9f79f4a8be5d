//! Gate 2, fields in: rejects refused fields by name. Unknown fields are reported with all other problems, at gate 3.

use crate::{call_context::CallContext, error::ToolError, nearest::same_name};

pub(crate) fn enter<S>(call: &CallContext<S>) -> Result<(), ToolError> {
    let tool = &call.tool;
    // avoids work in the common case: most tools refuse no field by name
    let sent = |refused: &&String| call.arguments.keys().any(|name| same_name(refused, name));
    let refused: Vec<String> = tool.refuse.iter().filter(sent).map(|name| format!("`{name}`")).collect();
    match refused.is_empty() {
        true => Ok(()),
        false => Err(ToolError::refused(format!("You don't have permission to modify {}", refused.join(", ")))),
    }
}
