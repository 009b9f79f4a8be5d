//! What all tools share: the database client, the names of the tables, and the ledger.

use std::collections::HashMap;

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use toolgate_dynamodb::DynamoLedger;

/// The state of every function.
#[derive(Debug, Clone)]
pub struct App {
    /// The client of DynamoDB.
    pub client: Client,
    /// The name of the table of items.
    pub items: String,
    /// The records of effects that happen once, and the calls that wait for a person.
    pub ledger: DynamoLedger,
}

impl App {
    /// With the names of the tables.
    pub fn new(client: Client, items: &str, ledger: &str, approvals: &str) -> Self {
        let ledger = DynamoLedger::new(client.clone(), ledger).with_approvals(approvals);
        Self { client, items: items.to_owned(), ledger }
    }

    /// Reads the names of the tables from the environment. `template.yaml` sets them.
    ///
    /// # Errors
    /// A variable is not set.
    pub async fn from_env() -> Result<Self, toolgate::Error> {
        let table = |name: &str| std::env::var(name).map_err(|_| format!("{name} must be the name of a table"));
        let client = toolgate_dynamodb::client().await;
        Ok(Self::new(client, &table("ITEMS_TABLE")?, &table("LEDGER_TABLE")?, &table("APPROVALS_TABLE")?))
    }
}

/// A text of an item, or an empty text.
pub fn text(item: &HashMap<String, AttributeValue>, name: &str) -> String {
    item.get(name).and_then(|value| value.as_s().ok()).cloned().unwrap_or_default()
}

/// A whole number of an item, or 0.
pub fn number(item: &HashMap<String, AttributeValue>, name: &str) -> i64 {
    item.get(name).and_then(|value| value.as_n().ok()).and_then(|value| value.parse().ok()).unwrap_or_default()
}
