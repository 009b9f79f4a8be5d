//! The gates: the checks that every call passes. `pipeline.rs` defines their order.
//!
//! Each gate is a module. `enter` runs before the tool, reads the [`CallContext`](crate::call_context::CallContext), may
//! add to it, and lets the call pass or stops it. `leave` runs after the tool. A gate does not depend on the formats of
//! the wires or on the order of the gates.

pub(crate) mod budget;
pub(crate) mod cache;
pub(crate) mod confirm;
pub(crate) mod deadline;
mod elicit;
pub(crate) mod fields_in;
pub(crate) mod fields_out;
pub(crate) mod key;
pub(crate) mod once;
pub(crate) mod panics;
pub(crate) mod rules;
pub(crate) mod size;
pub(crate) mod types;
