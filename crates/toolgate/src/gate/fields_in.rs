//! Gate 2, fields in: what is refused is refused by name. What is unknown is noted here too and told with all other
//! problems, at gate 3.

use super::Passage;
use crate::{coerce::show_name, error::ToolError};

pub(super) fn enter<S>(passage: &mut Passage<S>) -> Result<(), ToolError> {
    let entry = &passage.entry;
    let refused: Vec<String> = passage
        .arguments
        .keys()
        .filter(|name| !entry.shape.fields.contains_key(*name))
        .filter(|name| entry.refuse.iter().any(|refused| same_name(refused, name)))
        .map(|name| format!("`{}`", show_name(name)))
        .collect();
    match refused.is_empty() {
        true => Ok(()),
        false => Err(ToolError::refused(format!("You don't have permission to modify {}", refused.join(", ")))),
    }
}

/// `accountStatus`, `account_status` and `AccountStatus` are one field to whoever tries to set it.
fn same_name(one: &str, other: &str) -> bool {
    let letters =
        |name: &str| name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    letters(one) == letters(other)
}
