//! Each rule is violated once, in a copy of a project in which all rules hold. The finding must be at its line and
//! nowhere else.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may fail loudly, their helpers too")]

mod accounts;
mod agents;
mod deployment;
mod gateway;
mod kit;
mod knowledge;
mod list;
mod mcp;
mod permissions;
mod schemas;
mod tools;
mod variants;
