//! Helpers of tests of InvokeAgent: small templates, fake functions, and a served local agent with the SDK's client for it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    missing_debug_implementations,
    reason = "helpers of our own tests, which may fail loudly"
)]

mod functions;
mod served;
mod template;

pub use functions::*;
pub use served::*;
pub use template::*;
