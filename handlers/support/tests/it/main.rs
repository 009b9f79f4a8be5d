//! The `support` handler through its public API, with a separate desk.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests may fail loudly")]

mod articles;
mod events;
mod help;
mod tools;

use support_desk_testkit as kit;
