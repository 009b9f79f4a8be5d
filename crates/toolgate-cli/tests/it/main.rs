//! The `toolgate` command as a process.
#![allow(clippy::unwrap_used, reason = "tests may fail loudly, their helpers too")]

mod dev;
