//! DynamoDB tables as `CreateTable` requests.

use serde_json::{Map, Value, json};

use super::{
    TableSpec,
    scope::{Resource, Scope, text},
};

pub(super) fn tables(scope: &Scope<'_>) -> Vec<TableSpec> {
    let tables = scope.resources(&["AWS::DynamoDB::Table", "AWS::Serverless::SimpleTable"]);
    tables.iter().map(|resource| table(scope, resource)).collect()
}

fn table(scope: &Scope<'_>, resource: &Resource<'_>) -> TableSpec {
    let (properties, at) = resource.properties();
    let name = scope.table_name(resource.id);
    let mut create = match resource.body.get("Type").and_then(Value::as_str) {
        Some("AWS::Serverless::SimpleTable") => simple_table(scope, properties, &at),
        _ => full_table(scope, properties, &at),
    };
    create.insert("TableName".to_owned(), json!(name));
    // Capacity costs nothing on a laptop, and on demand is the mode that no setting can contradict.
    create.insert("BillingMode".to_owned(), json!("PAY_PER_REQUEST"));
    let ttl_attribute = scope.member(properties, "TimeToLiveSpecification", &at).and_then(|ttl| {
        let enabled = ttl.get("Enabled").and_then(text).is_some_and(|enabled| enabled == "true");
        enabled.then(|| ttl.get("AttributeName").and_then(text)).flatten()
    });
    TableSpec { logical_id: resource.id.to_owned(), name, create: Value::Object(create), ttl_attribute }
}

fn full_table(scope: &Scope<'_>, properties: &Value, at: &str) -> Map<String, Value> {
    let mut create = Map::new();
    for key in ["AttributeDefinitions", "KeySchema"] {
        match scope.member(properties, key, at) {
            Some(value) => drop(create.insert(key.to_owned(), value)),
            None => scope.problem(at, format!("a table needs `{key}`")),
        }
    }
    for key in ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"] {
        if let Some(Value::Array(indexes)) = scope.member(properties, key, at) {
            create.insert(key.to_owned(), indexes.into_iter().map(index).collect());
        }
    }
    if let Some(view) =
        scope.member(properties, "StreamSpecification", at).and_then(|s| s.get("StreamViewType").cloned())
    {
        create.insert("StreamSpecification".to_owned(), json!({"StreamEnabled": true, "StreamViewType": view}));
    }
    create
}

/// An index without its capacity, for the same reason as the table.
fn index(mut index: Value) -> Value {
    if let Some(members) = index.as_object_mut() {
        members.retain(|key, _| ["IndexName", "KeySchema", "Projection"].contains(&key.as_str()));
    }
    index
}

fn simple_table(scope: &Scope<'_>, properties: &Value, at: &str) -> Map<String, Value> {
    let key = scope.member(properties, "PrimaryKey", at).unwrap_or_default();
    let name = key.get("Name").and_then(text).unwrap_or_else(|| "id".to_owned());
    let kind = match key.get("Type").and_then(Value::as_str) {
        Some("Number") => "N",
        Some("Binary") => "B",
        _ => "S",
    };
    Map::from_iter([
        ("AttributeDefinitions".to_owned(), json!([{"AttributeName": name, "AttributeType": kind}])),
        ("KeySchema".to_owned(), json!([{"AttributeName": name, "KeyType": "HASH"}])),
    ])
}
