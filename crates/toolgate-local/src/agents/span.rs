//! The duration of a step of a turn.

use jiff::Timestamp;

/// The start and the end of a step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
}

impl Span {
    pub(crate) fn since(start: Timestamp) -> Self {
        Self { start, end: Timestamp::now() }
    }
}
