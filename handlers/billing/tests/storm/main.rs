//! Proves exactly-once behaviour from outside: processes of the real handler, duplicated and concurrent refunds, an
//! unreliable connection to DynamoDB, and `kill -9` at any moment. Then the final state is audited to the cent.
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
mod client;
mod duplicates;
mod faults;
mod moving;
mod requests;
mod schedule;
mod send;
mod storm;
mod tally;
mod tamper;
mod world;

use support_desk_testkit::{self as kit, instance};
use toolgate_testkit::{http, lambda as platform, proxy};
