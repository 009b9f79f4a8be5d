//! The `orders` handler through its public API, with a separate desk.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests may fail loudly"
)]

mod events;
mod requests;
mod tools;

use support_desk_testkit::{self as kit, instance};
