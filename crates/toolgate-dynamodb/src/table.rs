//! The ledger's table: its records, and their writes and checks.

use std::time::SystemTime;

use aws_sdk_dynamodb::{
    Client,
    error::BuildError,
    types::{ConditionCheck, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, builders::PutBuilder},
};
use serde_json::Value;
use toolgate::{OnceKey, Replay, ToolError};

use crate::{
    fault::{contention, passes, unavailable},
    item::{Clock, Item, Read, instant, number, text},
    retry,
};

/// The condition under which an effect may begin: there is no record, the record has expired, or its lease has expired
/// without a reply.
const FREE: &str =
    "attribute_not_exists(id) OR expiresAt < :now OR (attribute_not_exists(reply) AND leaseUntil < :millis)";

/// The ledger's table and the client for it. It implements [`Ledger`](toolgate::Ledger).
#[derive(Debug, Clone)]
pub struct DynamoLedger {
    pub(crate) client: Client,
    pub(crate) table: String,
    pub(crate) approvals: Option<String>,
    pub(crate) clock: Clock,
}

impl DynamoLedger {
    /// A ledger in `table`.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into(), approvals: None, clock: Clock::default() }
    }

    /// Parks calls that a person must approve in `table`. Without such a table they are refused.
    #[must_use]
    pub fn with_approvals(mut self, table: impl Into<String>) -> Self {
        self.approvals = Some(table.into());
        self
    }

    /// Uses another clock for expiry, for tests that move time.
    #[must_use]
    pub fn with_clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Clock::of(now);
        self
    }

    /// The client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The table of the parked calls and the questions to persons.
    ///
    /// # Errors
    /// `refused`, where the ledger has no such table.
    pub(crate) fn approvals(&self) -> Result<&str, ToolError> {
        self.approvals.as_deref().ok_or_else(|| {
            ToolError::refused(
                "a person must confirm this call first, and no person can be asked here; hand the request over to a \
                 person",
            )
        })
    }

    /// The write of the record. It fails where the effect has happened before.
    pub(crate) fn record(&self, key: &OnceKey, reply: &Value) -> Result<TransactWriteItem, BuildError> {
        let put = self.put(key).item("reply", text(reply.to_string())).build()?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// The write of a record without a reply. It fails unless [`FREE`] holds.
    pub(crate) fn put(&self, key: &OnceKey) -> PutBuilder {
        let put = Put::builder()
            .table_name(&self.table)
            .item("id", text(key.id()))
            .item("createdAt", number(self.clock.now()))
            .item("expiresAt", number(self.clock.end_of(key.ttl())))
            .condition_expression(FREE)
            .expression_attribute_values(":now", number(self.clock.now()))
            .expression_attribute_values(":millis", number(self.clock.now_millis()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        key.session().into_iter().fold(put, |put, session| put.item("session", text(session)))
    }

    /// The check that the effect has not happened before, for a transaction with another write.
    pub(crate) fn check(&self, key: &OnceKey) -> Result<TransactWriteItem, BuildError> {
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .key("id", text(key.id()))
            .condition_expression(FREE)
            .expression_attribute_values(":now", number(self.clock.now()))
            .expression_attribute_values(":millis", number(self.clock.now_millis()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    /// The error for a repeat, made from the record that stopped it.
    pub(crate) fn repeat(record: Option<&Item>) -> ToolError {
        let text = |name: &str| record.and_then(|record| record.text(name));
        match text("reply").map(serde_json::from_str) {
            Some(Ok(reply)) => {
                let first_at = record.and_then(|record| record.number("createdAt")).and_then(instant);
                let replay = Replay::of(reply).in_session(text("session").map(str::to_owned));
                ToolError::replay(first_at.into_iter().fold(replay, Replay::first_at))
            }
            Some(Err(_)) => ToolError::internal("a ledger record cannot be read"),
            None => ToolError::in_progress("already in progress; repeat the same call in a moment"),
        }
    }

    /// Looks up the record of an effect.
    pub(crate) async fn look(&self, key: &OnceKey) -> Result<(), ToolError> {
        const OPERATION: &str = "GetItem";
        let mut attempt = 1;
        loop {
            let request =
                self.client.get_item().table_name(&self.table).key("id", text(key.id())).consistent_read(true);
            let error = match request.send().await {
                Ok(found) => {
                    let stops = |record: &Item| {
                        let lease_ended = record.number("leaseUntil").is_some_and(|at| at < self.clock.now_millis());
                        !record.has_ended(self.clock.now()) && (record.contains_key("reply") || !lease_ended)
                    };
                    return match found.item.filter(stops) {
                        Some(record) => Err(Self::repeat(Some(&record))),
                        None => Ok(()),
                    };
                }
                Err(error) => error,
            };
            if !passes(&error) {
                return Err(unavailable(OPERATION, &error));
            }
            match retry::pause(attempt, None).await {
                true => attempt += 1,
                false => return Err(contention(OPERATION, &error)),
            }
        }
    }
}
