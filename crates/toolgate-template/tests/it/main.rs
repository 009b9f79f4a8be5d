//! Typical templates, evaluated for a laptop and for a check of many deployments.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly, their helpers too"
)]

mod both_ways;
mod every_template;
mod guardrail;
mod harness;
mod knowledge;
mod parameters;
mod read;
