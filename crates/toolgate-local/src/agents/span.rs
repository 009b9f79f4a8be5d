//! How long a step of a turn took.

use jiff::Timestamp;

/// When something began and ended.
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
