//! The Toolgate ledger on DynamoDB: an effect and its exactly-once record commit in one transaction.
//!
//! A `.once(..)` tool collects its writes and calls [`Commit::commit`]. The first call writes them together with a
//! record of the reply. A repeat finds the record, gets the first reply, and writes nothing. There is never a moment at
//! which the effect has happened and the record is missing.
//!
//! The table: partition key `id` (text), TTL attribute `expiresAt` (epoch seconds).

#![cfg_attr(docsrs, feature(doc_cfg))]

mod approval;
mod approvals;
mod batch;
mod charge;
mod client;
mod commit;
mod counted;
mod elicit;
mod error;
mod fault;
mod history;
mod item;
mod keys;
mod lease;
mod ledger;
mod observed;
mod parked;
mod pending;
mod reserve;
mod retry;
mod table;
#[cfg(feature = "testing")]
pub mod testing;
mod waiting;

pub use approvals::{ApprovalList, Approvals, ApprovalsError, Decision};
pub use client::{client, client_with, config};
pub use commit::Commit;
pub use counted::WaitingCalls;
pub use error::CommitError;
pub use history::{ApprovalHistory, ApprovalRecord, DecisionRecord};
pub use parked::ParkedCall;
pub use pending::{PendingApproval, UnreadableApproval};
pub use reserve::{Reservation, Reserved, SpendLimit};
pub use table::DynamoLedger;

/// The examples of README.md, as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
