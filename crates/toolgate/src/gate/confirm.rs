//! Gate 8, confirm: a person said yes. Bedrock Agents asks the person before it calls, so there the call passes; on
//! the other wires nobody has asked, so it does not.

use super::Passage;
use crate::error::ToolError;

pub(super) fn enter<S>(passage: &mut Passage<S>) -> Result<(), ToolError> {
    if !passage.entry.confirm || passage.cx.wire().is_agents() {
        return Ok(());
    }
    Err(ToolError::refused(
        "a person must confirm this call first, and this channel has nobody to ask; hand the request over to a person",
    ))
}
