//! Creates the tables of the template that do not exist yet.

use dynoxide::DynoxideError;
use serde::Serialize;
use serde_json::{Value, json};

use super::{Database, DatabaseError};
use toolgate_template::TableSpec;

impl Database {
    /// Creates missing tables, and checks that existing tables have the keys of the template.
    pub(crate) fn create_tables(&self, tables: &[TableSpec]) -> Result<(), DatabaseError> {
        tables.iter().try_for_each(|table| self.create_table(table))
    }

    fn create_table(&self, table: &TableSpec) -> Result<(), DatabaseError> {
        let name = json!({"TableName": table.name});
        match self.inner.describe_table(request(table, name.clone())?) {
            Ok(there) => {
                let there = answer(table, &there)?;
                if shape(there.get("Table").unwrap_or(&Value::Null)) != shape(&table.create) {
                    return Err(DatabaseError::Changed { table: table.name.clone() });
                }
            }
            Err(DynoxideError::ResourceNotFoundException(_)) => {
                let made = self.inner.create_table(request(table, table.create.clone())?);
                made.map_err(|error| failed(table, &error))?;
            }
            Err(error) => return Err(failed(table, &error)),
        }
        let Some(attribute) = &table.ttl_attribute else { return Ok(()) };
        let ttl = self.inner.describe_time_to_live(request(table, name)?).map_err(|error| failed(table, &error))?;
        let ttl = answer(table, &ttl)?;
        if ttl.pointer("/TimeToLiveDescription/TimeToLiveStatus").and_then(Value::as_str) != Some("ENABLED") {
            let specification = json!({"AttributeName": attribute, "Enabled": true});
            let update = json!({"TableName": table.name, "TimeToLiveSpecification": specification});
            self.inner.update_time_to_live(request(table, update)?).map_err(|error| failed(table, &error))?;
        }
        Ok(())
    }

    /// A whole number in the item with this `id`, if it is there.
    pub(crate) fn number(&self, table: &str, id: &str, attribute: &str) -> Option<i64> {
        let request = json!({"TableName": table, "Key": {"id": {"S": id}}});
        let answer = self.inner.get_item(serde_json::from_value(request).ok()?).ok()?;
        serde_json::to_value(answer).ok()?.get("Item")?.get(attribute)?.get("N")?.as_str()?.parse().ok()
    }

    /// The number of items in a table, if it is known.
    pub(crate) fn items(&self, table: &str) -> Option<u64> {
        let request = serde_json::from_value(json!({"TableName": table})).ok()?;
        let answer = serde_json::to_value(self.inner.describe_table(request).ok()?).ok()?;
        answer.pointer("/Table/ItemCount")?.as_u64()
    }
}

pub(super) fn request<T: serde::de::DeserializeOwned>(table: &TableSpec, body: Value) -> Result<T, DatabaseError> {
    serde_json::from_value(body)
        .map_err(|error| DatabaseError::Table { table: table.name.clone(), reason: error.to_string() })
}

pub(super) fn answer(table: &TableSpec, answer: &impl Serialize) -> Result<Value, DatabaseError> {
    serde_json::to_value(answer)
        .map_err(|error| DatabaseError::Table { table: table.name.clone(), reason: error.to_string() })
}

pub(super) fn failed(table: &TableSpec, error: &DynoxideError) -> DatabaseError {
    DatabaseError::Table { table: table.name.clone(), reason: error.to_string() }
}

/// The properties that an existing table cannot change: its keys and the keys of its indexes.
fn shape(table: &Value) -> Vec<(String, Vec<(String, String)>)> {
    let keys = |of: &Value| {
        let parts = of.get("KeySchema").and_then(Value::as_array).into_iter().flatten();
        let text = |part: &Value, key: &str| part.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
        parts.map(|part| (text(part, "AttributeName"), text(part, "KeyType"))).collect()
    };
    let mut shape = vec![(String::new(), keys(table))];
    for kind in ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"] {
        for index in table.get(kind).and_then(Value::as_array).into_iter().flatten() {
            let name = index.get("IndexName").and_then(Value::as_str).unwrap_or_default();
            shape.push((format!("{kind}/{name}"), keys(index)));
        }
    }
    shape.sort();
    shape
}
