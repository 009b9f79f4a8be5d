//! Gate 2, fields in: rejects refused fields by name. Unknown fields are reported with all other problems, at gate 3.

use serde_json::{Map, Value};

use crate::{call_context::CallContext, error::ToolError, nearest::same_name};

pub(crate) fn enter<S>(call: &CallContext<S>) -> Result<(), ToolError> {
    let refused: Vec<String> = refused(&call.tool.refuse, &call.arguments).map(|name| format!("`{name}`")).collect();
    match refused.is_empty() {
        true => Ok(()),
        false => Err(ToolError::refused(format!("You don't have permission to modify {}", refused.join(", ")))),
    }
}

/// The refused fields that a call sets. Most tools refuse none by name, so this is no work then.
pub(crate) fn refused<'a>(refuse: &'a [String], arguments: &Map<String, Value>) -> impl Iterator<Item = &'a String> {
    refuse.iter().filter(|refused| arguments.keys().any(|name| same_name(refused, name)))
}
