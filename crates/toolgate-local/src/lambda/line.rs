//! One line of a function's log.

/// A line of a function.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) function: &'a str,
    /// The request that the function processed last.
    pub(super) request: Option<&'a str>,
    pub(super) text: &'a str,
}
