//! The table that remembers what happened.

use std::{
    collections::HashMap,
    time::{SystemTime, UNIX_EPOCH},
};

use aws_sdk_dynamodb::{
    Client,
    error::BuildError,
    types::{AttributeValue, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem},
};
use serde_json::Value;
use toolgate::{OnceKey, ToolError};

/// The ledger's table and the client that reaches it.
#[derive(Debug, Clone)]
pub struct Ledger {
    client: Client,
    table: String,
}

impl Ledger {
    /// A ledger in `table`.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// The client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The write that fails where the effect has happened before.
    pub(crate) fn record(&self, key: &OnceKey, reply: &Value) -> Result<TransactWriteItem, BuildError> {
        let now = now();
        let put = Put::builder()
            .table_name(&self.table)
            .item("id", AttributeValue::S(key.id().to_owned()))
            .item("inputHash", AttributeValue::S(key.input_hash().to_owned()))
            .item("reply", AttributeValue::S(reply.to_string()))
            .item("createdAt", AttributeValue::N(now.to_string()))
            .item("expiresAt", AttributeValue::N((now + key.ttl().as_secs()).to_string()))
            // DynamoDB deletes expired items late, so our own clock judges
            .condition_expression("attribute_not_exists(id) OR expiresAt < :now")
            .expression_attribute_values(":now", AttributeValue::N(now.to_string()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// What a repeat is answered with.
    pub(crate) fn repeat(key: &OnceKey, record: Option<&HashMap<String, AttributeValue>>) -> ToolError {
        let text = |name: &str| record.and_then(|record| record.get(name)).and_then(|value| value.as_s().ok());
        let Some(reply) = text("reply").and_then(|reply| serde_json::from_str(reply).ok()) else {
            return ToolError::in_progress("already in progress; repeat the same call in a moment")
                .with_source("a ledger record without a reply");
        };
        match text("inputHash").is_some_and(|hash| hash == key.input_hash()) {
            true => ToolError::replay(reply),
            false => ToolError::conflict("this has been done before with another input, under the same key"),
        }
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
