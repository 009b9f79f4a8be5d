//! Exactly-once, proven from outside: processes of the real handler, duplicated and concurrent refunds, a bad
//! connection to DynamoDB, and `kill -9` at any moment. What is left is audited to the cent.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

mod approver;
mod audit;
mod books;
mod call;
mod duplicates;
mod faults;
#[path = "../../../../crates/toolgate-dynamodb/tests/ledger/http.rs"]
mod http;
#[path = "../../../../crates/support-desk/tests/kit/instance.rs"]
mod instance;
#[path = "../../../../crates/support-desk/tests/kit/mod.rs"]
mod kit;
mod moving;
#[path = "../../../../crates/support-desk/tests/kit/platform.rs"]
mod platform;
#[path = "../../../../crates/support-desk/tests/kit/proxy.rs"]
mod proxy;
mod requests;
mod schedule;
mod storm;
mod tally;
mod tamper;
mod world;
