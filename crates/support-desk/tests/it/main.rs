//! The behaviour of the desk with an embedded DynamoDB, through its public API.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may fail loudly"
)]

mod customers;
mod feedback;
mod help;
mod invoices;
mod oddities;
mod orders;
mod refund_races;
mod refunds;
mod returns;
mod scenario;
mod seed;
mod tables;
mod tickets;

use support_desk_testkit as kit;
