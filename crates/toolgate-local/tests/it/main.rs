//! The local agent over HTTP, with a real function process behind it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly, their helpers too"
)]

mod agents;
mod console;
mod database;
mod gateway;
mod guarded;
mod harness;
mod instances;
mod invoke;
mod knowledge;
mod models;
mod random;
mod robust;
mod start;
mod stream;
mod support;
mod turns;
mod url;
