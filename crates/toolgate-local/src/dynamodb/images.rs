//! The items that a request writes, and items as plain JSON.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value, json};

/// An item that a request writes.
#[derive(Debug, PartialEq)]
pub(super) struct Written {
    pub(super) table: String,
    /// The key attributes, in DynamoDB's form.
    pub(super) key: Value,
}

impl Written {
    /// Whether it is this item.
    pub(super) fn is(&self, item: &Value) -> bool {
        self.key.as_object().is_some_and(|key| key.iter().all(|(name, value)| item.get(name) == Some(value)))
    }
}

/// The items that a request writes, each once. `keys`: the names of the key attributes, by table.
pub(super) fn written(operation: &str, body: &Value, keys: &BTreeMap<String, Vec<String>>) -> Vec<Written> {
    let mut found: Vec<Written> = Vec::new();
    let mut add = |table: Option<&Value>, key: Option<&Value>, item: Option<&Value>| {
        let Some((table, names)) = table.and_then(|table| keys.get_key_value(table.as_str()?)) else { return };
        let Some(source) = key.or(item).and_then(Value::as_object) else { return };
        let key = names.iter().map(|name| Some((name.clone(), source.get(name)?.clone())));
        if let Some(key) = key.collect::<Option<Map<_, _>>>() {
            let written = Written { table: table.clone(), key: Value::Object(key) };
            if !found.contains(&written) {
                found.push(written);
            }
        }
    };
    match operation {
        "PutItem" | "UpdateItem" | "DeleteItem" => add(body.get("TableName"), body.get("Key"), body.get("Item")),
        "TransactWriteItems" => {
            for item in body.get("TransactItems").and_then(Value::as_array).into_iter().flatten() {
                for kind in ["Put", "Update", "Delete"] {
                    if let Some(write) = item.get(kind) {
                        add(write.get("TableName"), write.get("Key"), write.get("Item"));
                    }
                }
            }
        }
        "BatchWriteItem" => {
            for (table, writes) in body.get("RequestItems").and_then(Value::as_object).into_iter().flatten() {
                for write in writes.as_array().into_iter().flatten() {
                    let table = Value::from(table.as_str());
                    add(Some(&table), write.pointer("/DeleteRequest/Key"), write.pointer("/PutRequest/Item"));
                }
            }
        }
        _ => {}
    }
    found
}

/// An item of DynamoDB as plain JSON. Binary values are `{"$binary": "base64"}`.
pub(super) fn plain(item: &Value) -> Value {
    let members = item.as_object().into_iter().flatten();
    members.map(|(name, value)| (name.clone(), attribute(value))).collect::<Map<_, _>>().into()
}

fn attribute(value: &Value) -> Value {
    let Some((kind, value)) = value.as_object().and_then(|value| value.iter().next()) else { return value.clone() };
    let all = |of: fn(&Value) -> Value| value.as_array().into_iter().flatten().map(of).collect::<Value>();
    match kind.as_str() {
        "N" => number(value),
        "NS" => all(number),
        "B" => binary(value),
        "BS" => all(binary),
        "M" => plain(value),
        "L" => all(attribute),
        "NULL" => Value::Null,
        _ => value.clone(),
    }
}

/// A number that JSON repeats as it was written, else its text.
fn number(value: &Value) -> Value {
    let text = value.as_str().unwrap_or_default();
    let number = text.parse::<i64>().map(Number::from).ok().or_else(|| Number::from_f64(text.parse().ok()?));
    number.filter(|number| number.to_string() == text).map_or_else(|| value.clone(), Value::Number)
}

fn binary(value: &Value) -> Value {
    json!({"$binary": value})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_items_of_all_writes_are_found_once() {
        let keys = BTreeMap::from([("T".to_owned(), vec!["pk".to_owned(), "sk".to_owned()])]);
        let item = |pk: &str| json!({"pk": {"S": pk}, "sk": {"N": "1"}, "more": {"BOOL": true}});
        let key = |pk: &str| json!({"pk": {"S": pk}, "sk": {"N": "1"}});
        let of = |operation: &str, body: Value| {
            written(operation, &body, &keys).into_iter().map(|it| it.key).collect::<Vec<_>>()
        };
        assert_eq!(of("PutItem", json!({"TableName": "T", "Item": item("a")})), [key("a")]);
        assert_eq!(of("UpdateItem", json!({"TableName": "T", "Key": key("a")})), [key("a")]);
        let transaction = json!({"TransactItems": [
            {"Put": {"TableName": "T", "Item": item("a")}}, {"Delete": {"TableName": "T", "Key": key("b")}},
            {"ConditionCheck": {"TableName": "T", "Key": key("c")}}, {"Update": {"TableName": "other", "Key": key("d")}},
        ]});
        assert_eq!(of("TransactWriteItems", transaction), [key("a"), key("b")]);
        let batch = json!({"RequestItems": {"T": [
            {"PutRequest": {"Item": item("a")}}, {"DeleteRequest": {"Key": key("b")}}, {"PutRequest": {"Item": item("a")}},
        ]}});
        assert_eq!(of("BatchWriteItem", batch), [key("a"), key("b")]);
        for hostile in [json!(null), json!([]), json!({"TransactItems": 7}), json!({"TableName": "T", "Item": []})] {
            for operation in ["PutItem", "TransactWriteItems", "BatchWriteItem", "GetItem"] {
                assert!(of(operation, hostile.clone()).is_empty());
            }
        }
    }

    #[test]
    fn an_item_is_plain_json() {
        let item = json!({
            "s": {"S": "1"}, "n": {"N": "12.5"}, "big": {"N": "12345678901234567890123"}, "l": {"L": [{"N": "1"}]},
            "m": {"M": {"b": {"B": "AA=="}}}, "ns": {"NS": ["1", "2"]}, "no": {"NULL": true}, "yes": {"BOOL": true},
        });
        let shown = json!({
            "s": "1", "n": 12.5, "big": "12345678901234567890123", "l": [1], "m": {"b": {"$binary": "AA=="}},
            "ns": [1, 2], "no": null, "yes": true,
        });
        assert_eq!(plain(&item), shown);
    }
}
