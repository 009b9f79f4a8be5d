//! Exactly-once behaviour through a router, with an embedded DynamoDB and an unreliable connection.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

mod approvals;
mod budget;
mod client;
mod commit;
mod elicit;
mod elicit_parked;
mod faults;
mod kit;
mod lease;
mod parked;
mod questions;
mod repeat;
mod reserve;
mod shown;
mod time;
mod waiting;

use toolgate_testkit::{database, proxy};
