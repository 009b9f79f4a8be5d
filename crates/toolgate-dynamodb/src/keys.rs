//! The words of the approvals' table.

/// The key of a question, and of its answer.
pub(crate) const CALL: &str = "call#";
pub(crate) const DECISION: &str = "decision#";
pub(crate) const APPROVED: &str = "approved";
pub(crate) const DENIED: &str = "denied";
