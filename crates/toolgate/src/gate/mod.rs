//! The gates: the checks that every call passes. `pipeline.rs` defines their order.
//!
//! Each gate is a module with functions of one form. They read the [`CallContext`](crate::call_context::CallContext),
//! may add to it, and let the call pass or stop it. A gate does not depend on the wires or on the order of the gates.

pub(crate) mod budget;
pub(crate) mod cache;
pub(crate) mod confirm;
pub(crate) mod deadline;
pub(crate) mod fields_in;
pub(crate) mod fields_out;
pub(crate) mod key;
pub(crate) mod once;
pub(crate) mod panics;
pub(crate) mod rules;
pub(crate) mod size;
pub(crate) mod types;
