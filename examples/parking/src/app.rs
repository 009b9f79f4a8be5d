//! What all tools share: the database client, the names of the tables, and the ledger.

use std::collections::HashMap;

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use toolgate::ToolError;
use toolgate_dynamodb::DynamoLedger;

/// A row of the table.
pub type Row = HashMap<String, AttributeValue>;

/// The state of every function.
#[derive(Debug, Clone)]
pub struct App {
    /// The client of DynamoDB.
    pub client: Client,
    /// The name of the table of parking sessions (`PRK-..`) and zones (`ZONE-..`).
    pub parking: String,
    /// The records of effects that happen once, and the calls that wait for a person.
    pub ledger: DynamoLedger,
}

impl App {
    /// With the names of the tables.
    pub fn new(client: Client, parking: &str, ledger: &str, approvals: &str) -> Self {
        let ledger = DynamoLedger::new(client.clone(), ledger).with_approvals(approvals);
        Self { client, parking: parking.to_owned(), ledger }
    }

    /// Reads the names of the tables from the environment. `template.yaml` sets them.
    ///
    /// # Errors
    /// A variable is not set.
    pub async fn from_env() -> Result<Self, toolgate::Error> {
        let table = |name: &str| std::env::var(name).map_err(|_| format!("{name} must be the name of a table"));
        let client = toolgate_dynamodb::client().await;
        Ok(Self::new(client, &table("PARKING_TABLE")?, &table("LEDGER_TABLE")?, &table("APPROVALS_TABLE")?))
    }

    /// Reads a row by its id.
    ///
    /// # Errors
    /// `not found` with the words for such a row, and `internal` if DynamoDB cannot be read.
    pub async fn row(&self, what: &str, id: &str) -> Result<Row, ToolError> {
        let get = self.client.get_item().table_name(&self.parking).consistent_read(true);
        let found = get.key("id", AttributeValue::S(id.to_owned())).send().await.map_err(ToolError::internal)?;
        found.item.ok_or_else(|| ToolError::not_found(format!("there is no {what} `{id}`")))
    }
}

/// A text of a row, or an empty text.
pub fn text(row: &Row, name: &str) -> String {
    row.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default()
}

/// A whole number of a row, or 0.
pub fn number(row: &Row, name: &str) -> i64 {
    row.get(name).and_then(|value| value.as_n().ok()).and_then(|value| value.parse().ok()).unwrap_or_default()
}
