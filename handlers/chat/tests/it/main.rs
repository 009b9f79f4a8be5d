//! The front door against services that say what a test has written, and an embedded DynamoDB.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

mod agents;
mod desk;
mod fake;
mod harness;
mod metrics;
mod money;
mod questions;
mod streams;
