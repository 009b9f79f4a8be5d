//! Each rule is broken once, in a copy of a project in which all hold, and must be found at its line and nowhere else.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may fail loudly, their helpers too")]

mod accounts;
mod agents;
mod deployment;
mod gateway;
mod kit;
mod list;
mod permissions;
mod schemas;
mod tools;
mod variants;
