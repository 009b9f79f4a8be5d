//! Helpers for Toolgate's own tests: an embedded DynamoDB, a proxy that injects network faults, and handler processes.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    missing_debug_implementations,
    reason = "helpers of our own tests, which may fail loudly"
)]

pub mod database;
pub mod http;
pub mod lambda;
pub mod proxy;
