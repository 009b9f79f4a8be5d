//! Gate 4, rules: what `.require(..)` says about values and caller.

use super::Passage;
use crate::error::ToolError;

pub(super) fn enter<S>(passage: &Passage<S>) -> Result<(), ToolError> {
    passage.ready.as_ref().map_or(Ok(()), |ready| ready.rules(&passage.cx))
}
