//! The table that remembers what happened.

use aws_sdk_dynamodb::{
    Client,
    error::BuildError,
    types::{ConditionCheck, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem},
};
use serde_json::Value;
use toolgate::{Answer, Approval, ApprovalRequest, Count, GateStore, Lease, OnceKey, ToolError, Usd};

use crate::{
    approval, count,
    item::{Item, Read, now, now_millis, number, text},
    lease,
};

/// A record that stops nobody: none, one that has ended, or a lease that ended without a reply.
pub(crate) const FREE: &str =
    "attribute_not_exists(id) OR expiresAt < :now OR (attribute_not_exists(reply) AND leaseUntil < :millis)";

/// The ledger's table and the client that reaches it; it answers the gates that need memory.
#[derive(Debug, Clone)]
pub struct Ledger {
    pub(crate) client: Client,
    pub(crate) table: String,
    pub(crate) approvals: Option<String>,
}

impl Ledger {
    /// A ledger in `table`.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into(), approvals: None }
    }

    /// Parks calls that a person has to approve in `table`. Without one they are refused.
    #[must_use]
    pub fn with_approvals(mut self, table: impl Into<String>) -> Self {
        self.approvals = Some(table.into());
        self
    }

    /// The client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Adds a cost to a session's budget, named by [`Count::id_of`]: what its agents' models cost, say. The next call
    /// of a tool meets the limit.
    ///
    /// # Errors
    /// The table cannot be written.
    pub async fn spend(&self, budget: &str, cost: Usd) -> Result<(), ToolError> {
        count::spend(self, budget, cost).await
    }

    /// The write that fails where the effect has happened before.
    pub(crate) fn record(&self, key: &OnceKey, reply: &Value) -> Result<TransactWriteItem, BuildError> {
        let now = now();
        let put = Put::builder()
            .table_name(&self.table)
            .item("id", text(key.id()))
            .item("inputHash", text(key.input_hash()))
            .item("reply", text(reply.to_string()))
            .item("createdAt", number(now))
            .item("expiresAt", number(now + key.ttl().as_secs()))
            .condition_expression(FREE)
            .expression_attribute_values(":now", number(now))
            .expression_attribute_values(":millis", number(now_millis()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// The check that fails where the effect has happened before, for a transaction that has another write.
    pub(crate) fn check(&self, key: &OnceKey) -> Result<TransactWriteItem, BuildError> {
        let check = ConditionCheck::builder()
            .table_name(&self.table)
            .key("id", text(key.id()))
            .condition_expression(FREE)
            .expression_attribute_values(":now", number(now()))
            .expression_attribute_values(":millis", number(now_millis()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    /// What a repeat is answered with, by the record that stopped it.
    pub(crate) fn repeat(key: &OnceKey, record: Option<&Item>) -> ToolError {
        let text = |name: &str| record.and_then(|record| record.text(name));
        match (text("inputHash"), text("reply").map(serde_json::from_str)) {
            (Some(hash), _) if hash != key.input_hash() => {
                ToolError::conflict("this has been done before with another input, under the same key")
            }
            (Some(_), Some(Ok(reply))) => ToolError::replay(reply),
            (_, Some(_)) => ToolError::internal("a ledger record that cannot be read"),
            (_, None) => ToolError::in_progress("already in progress; repeat the same call in a moment"),
        }
    }
}

impl GateStore for Ledger {
    fn count<'a>(&'a self, count: &'a Count, once: Option<&'a OnceKey>) -> Answer<'a, ()> {
        Box::pin(count::count(self, count, once))
    }

    fn approval<'a>(&'a self, request: &'a ApprovalRequest, once: Option<&'a OnceKey>) -> Answer<'a, Approval> {
        Box::pin(approval::ask(self, request, once))
    }

    fn lease<'a>(&'a self, key: &'a OnceKey, until: std::time::SystemTime) -> Answer<'a, Lease> {
        Box::pin(lease::begin(self, key, until))
    }

    fn finish<'a>(&'a self, key: &'a OnceKey, lease: &'a Lease, reply: &'a Value) -> Answer<'a, ()> {
        Box::pin(lease::finish(self, key, lease, reply))
    }

    fn release<'a>(&'a self, key: &'a OnceKey, lease: &'a Lease) -> Answer<'a, ()> {
        Box::pin(lease::release(self, key, lease))
    }
}
