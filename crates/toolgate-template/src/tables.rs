//! DynamoDB tables as `CreateTable` requests.

use serde_json::{Map, Value, json};

use crate::{
    evaluate::Evaluator,
    identifiers::table_name,
    node::Node,
    resources::{Resource, resources},
    types::TableSpec,
};

/// The types of resources that are tables.
pub(crate) const TABLES: [&str; 2] = ["AWS::DynamoDB::Table", "AWS::Serverless::SimpleTable"];

pub(crate) fn tables(evaluator: &Evaluator<'_>) -> Vec<TableSpec> {
    let tables = resources(evaluator, &TABLES);
    tables.iter().map(|resource| table(evaluator, resource)).collect()
}

fn table(evaluator: &Evaluator<'_>, resource: &Resource<'_>) -> TableSpec {
    let properties = resource.properties.as_ref();
    let name = table_name(evaluator, resource.id);
    let mut create = match resource.body.text_of("Type") {
        Some("AWS::Serverless::SimpleTable") => simple_table(evaluator, properties),
        _ => full_table(evaluator, properties),
    };
    create.insert("TableName".to_owned(), json!(name));
    // Capacity costs nothing on a laptop, and no setting conflicts with the on-demand mode.
    create.insert("BillingMode".to_owned(), json!("PAY_PER_REQUEST"));
    let ttl_attribute = evaluator.member(properties, "TimeToLiveSpecification").and_then(|ttl| {
        let is_enabled = ttl.get("Enabled").is_some_and(Node::is_true);
        ttl.get("AttributeName").filter(|_| is_enabled)?.string().map(str::to_owned)
    });
    TableSpec { logical_id: resource.id.to_owned(), name, create: Value::Object(create), ttl_attribute }
}

fn full_table(evaluator: &Evaluator<'_>, properties: &Node) -> Map<String, Value> {
    let mut create = Map::new();
    for name in ["AttributeDefinitions", "KeySchema"] {
        match evaluator.member(properties, name) {
            Some(value) => drop(create.insert(name.to_owned(), value.to_json())),
            None => evaluator.problem(&properties.position, format!("a table needs `{name}`")),
        }
    }
    for name in ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"] {
        if let Some(indexes) = evaluator.member(properties, name).filter(Node::is_list) {
            create.insert(name.to_owned(), indexes.items().iter().map(index).collect());
        }
    }
    let stream = evaluator.member(properties, "StreamSpecification");
    if let Some(view) = stream.as_ref().and_then(|stream| stream.get("StreamViewType")) {
        let stream = json!({"StreamEnabled": true, "StreamViewType": view.to_json()});
        create.insert("StreamSpecification".to_owned(), stream);
    }
    create
}

/// An index without its capacity, for the same reason.
fn index(index: &Node) -> Value {
    let members = ["IndexName", "KeySchema", "Projection"];
    members.into_iter().filter_map(|name| Some((name.to_owned(), index.get(name)?.to_json()))).collect()
}

fn simple_table(evaluator: &Evaluator<'_>, properties: &Node) -> Map<String, Value> {
    let key = evaluator.member(properties, "PrimaryKey");
    let member = |name: &str| key.as_ref().and_then(|key| key.get(name)).and_then(Node::string);
    let name = member("Name").unwrap_or("id");
    let kind = match member("Type") {
        Some("Number") => "N",
        Some("Binary") => "B",
        _ => "S",
    };
    Map::from_iter([
        ("AttributeDefinitions".to_owned(), json!([{"AttributeName": name, "AttributeType": kind}])),
        ("KeySchema".to_owned(), json!([{"AttributeName": name, "KeyType": "HASH"}])),
    ])
}
