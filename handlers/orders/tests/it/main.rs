//! The `orders` handler through its public surface, on a desk of its own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests may fail loudly"
)]

mod events;
#[path = "../../../../crates/toolgate-dynamodb/tests/ledger/http.rs"]
mod http;
#[path = "../../../../crates/support-desk/tests/kit/instance.rs"]
mod instance;
#[path = "../../../../crates/support-desk/tests/kit/mod.rs"]
mod kit;
#[path = "../../../../crates/support-desk/tests/kit/platform.rs"]
mod platform;
#[path = "../../../../crates/support-desk/tests/kit/proxy.rs"]
mod proxy;
mod requests;
mod tools;
