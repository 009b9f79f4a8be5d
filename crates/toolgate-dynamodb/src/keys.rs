//! The key prefixes of the approvals table, and of reservations in the ledger's.

/// The prefixes of a request and of its decision.
pub(crate) const CALL: &str = "call#";
pub(crate) const DECISION: &str = "decision#";
/// The prefix of a question that an MCP client puts to its person.
pub(crate) const ELICIT: &str = "elicit#";
pub(crate) const APPROVED: &str = "approved";
pub(crate) const DENIED: &str = "denied";
/// The prefix of an amount that is reserved.
pub(crate) const RESERVED: &str = "reserved#";
