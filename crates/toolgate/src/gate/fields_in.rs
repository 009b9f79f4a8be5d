//! Gate 2, fields in: what is refused is refused by name. What is unknown is noted here too and told with all other
//! problems, at gate 3.

use super::Passage;
use crate::{error::ToolError, nearest::same_name};

pub(super) fn enter<S>(passage: &Passage<S>) -> Result<(), ToolError> {
    let entry = &passage.entry;
    // most tools refuse nothing by name
    let sent = |refused: &&String| passage.arguments.keys().any(|name| same_name(refused, name));
    let refused: Vec<String> = entry.refuse.iter().filter(sent).map(|name| format!("`{name}`")).collect();
    match refused.is_empty() {
        true => Ok(()),
        false => Err(ToolError::refused(format!("You don't have permission to modify {}", refused.join(", ")))),
    }
}
