//! The `toolgate` command as a process, as a person or a script uses it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may fail loudly, their helpers too")]

mod add;
mod approvals;
mod chat;
mod check;
mod completions;
mod dev;
mod doctor;
mod invoke;
mod mcp_dev;
mod play;
mod schemas;
mod second_project;
mod support;
