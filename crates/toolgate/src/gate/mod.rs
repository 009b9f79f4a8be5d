//! The gates: the checks that every call passes. The order of them is `pipeline.rs`.
//!
//! Each gate is a module with functions of one shape: they read the [`CallContext`](crate::call_context::CallContext),
//! may add to it, and let the call pass or stop it. No gate knows the wires, and no gate knows the order.

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
