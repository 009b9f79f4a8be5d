//! Deletes all items of the tables. The tables stay, so that functions which run meet empty tables and not missing ones.

use serde_json::{Map, Value, json};
use toolgate_template::TableSpec;

use super::{Database, DatabaseError, tables};

/// `BatchWriteItem` takes this many.
const BATCH: usize = 25;

impl Database {
    /// Deletes all items that are there now. Blocks.
    pub(crate) fn empty(&self, all: &[TableSpec]) -> Result<(), DatabaseError> {
        all.iter().try_for_each(|table| self.empty_table(table))
    }

    fn empty_table(&self, table: &TableSpec) -> Result<(), DatabaseError> {
        let keys = table.create.get("KeySchema").and_then(Value::as_array).into_iter().flatten();
        let keys: Vec<&str> = keys.filter_map(|key| key.get("AttributeName")?.as_str()).collect();
        let names: Map<String, Value> =
            keys.iter().enumerate().map(|(at, key)| (format!("#k{at}"), Value::from(*key))).collect();
        let projection = names.keys().cloned().collect::<Vec<_>>().join(", ");
        let mut start = Value::Null;
        loop {
            let mut scan = json!({
                "TableName": table.name, "ConsistentRead": true,
                "ProjectionExpression": projection, "ExpressionAttributeNames": names,
            });
            if let (Some(scan), false) = (scan.as_object_mut(), start.is_null()) {
                scan.insert("ExclusiveStartKey".to_owned(), start.take());
            }
            let page = self.inner.scan(tables::request(table, scan)?).map_err(|error| tables::failed(table, &error))?;
            let mut page = tables::answer(table, &page)?;
            let items = page.get("Items").and_then(Value::as_array).cloned().unwrap_or_default();
            for batch in items.chunks(BATCH) {
                let deletes: Vec<Value> = batch.iter().map(|key| json!({"DeleteRequest": {"Key": key}})).collect();
                let write = json!({"RequestItems": {(table.name.as_str()): deletes}});
                let written = self.inner.batch_write_item(tables::request(table, write)?);
                written.map_err(|error| tables::failed(table, &error))?;
            }
            match page.get_mut("LastEvaluatedKey").map(Value::take) {
                Some(last) if !last.is_null() => start = last,
                _ => return Ok(()),
            }
        }
    }
}
