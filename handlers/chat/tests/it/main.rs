//! The front door: who may begin a turn, and what it may cost.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

mod callers;
mod identity_provider;
mod limits;
mod requests;
mod sessions;
