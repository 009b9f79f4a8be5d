//! The front door: who may begin a turn, what it may cost, and what the customer reads; against services that say what a
//! test has written, and an embedded DynamoDB.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

mod agents;
mod callers;
mod desk;
mod fake;
mod harness;
mod identity_provider;
mod limits;
mod metrics;
mod money;
mod questions;
mod requests;
mod sessions;
mod streams;
