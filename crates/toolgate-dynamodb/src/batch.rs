//! A consistent read of several items of one table.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::KeysAndAttributes;
use toolgate::ToolError;

use crate::{
    fault::{contention, passes, unavailable},
    item::{Item, Read, text},
    retry,
    table::DynamoLedger,
};

/// The items that were read, without the expired ones.
pub(crate) struct Found(Vec<Item>);

impl Found {
    /// The item of this id.
    pub(crate) fn get(&self, id: &str) -> Option<&Item> {
        self.0.iter().find(|item| item.text("id") == Some(id))
    }
}

/// Reads the items with these ids, at most 100
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html>). `attributes` lists the
/// attributes to read. An empty list reads all of them.
pub(crate) async fn get(
    ledger: &DynamoLedger,
    table: &str,
    ids: &[String],
    attributes: &[&str],
    remaining: impl Fn() -> Option<std::time::Duration>,
) -> Result<Found, ToolError> {
    const OPERATION: &str = "BatchGetItem";
    let mut attempt = 1;
    loop {
        let keys = ids.iter().map(|id| Item::from([("id".to_owned(), text(id))])).collect();
        let mut keys = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true);
        if !attributes.is_empty() {
            let names = attributes.iter().map(|name| (format!("#{name}"), (*name).to_owned()));
            keys = keys
                .set_expression_attribute_names(Some(names.collect::<HashMap<_, _>>()))
                .projection_expression(attributes.iter().map(|name| format!("#{name}")).collect::<Vec<_>>().join(", "));
        }
        let keys = keys.build().map_err(ToolError::internal)?;
        let error = match ledger.client.batch_get_item().request_items(table, keys).send().await {
            Ok(read) if read.unprocessed_keys().is_none_or(HashMap::is_empty) => {
                let now = ledger.clock.now();
                let items = read.responses.and_then(|mut tables| tables.remove(table)).unwrap_or_default();
                return Ok(Found(items.into_iter().filter(|item| !item.has_ended(now)).collect()));
            }
            // DynamoDB has throttled the rest of the batch
            Ok(_) => ToolError::conflict("too many calls at once; repeat the same call in a moment"),
            Err(error) if passes(&error) => contention(OPERATION, &error),
            Err(error) => return Err(unavailable(OPERATION, &error)),
        };
        match retry::pause(attempt, remaining()).await {
            true => attempt += 1,
            false => return Err(error),
        }
    }
}
