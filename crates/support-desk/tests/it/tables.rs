//! `template.yaml` creates the tables that this crate uses.

use std::collections::BTreeSet;

use serde_json::Value;
use support_desk::tables::Tables;

fn template() -> Value {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../template.yaml");
    toolgate_template::from_yaml(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The partition key and the sort key of a `KeySchema`.
fn key(schema: &Value) -> (String, Option<String>) {
    let of = |kind: &str| {
        let parts = schema["KeySchema"].as_array().unwrap();
        let part = parts.iter().find(|part| part["KeyType"] == kind)?;
        Some(part["AttributeName"].as_str().unwrap().to_owned())
    };
    (of("HASH").unwrap(), of("RANGE"))
}

#[test]
fn the_template_has_the_same_tables_keys_and_indexes() {
    let (template, tables) = (template(), Tables::named_as_in_template());
    let resources = template["Resources"].as_object().unwrap();
    let is_table = |resource: &Value| resource["Type"] == "AWS::DynamoDB::Table";
    let mut in_template: BTreeSet<_> =
        resources.iter().filter(|(_, resource)| is_table(resource)).map(|(name, _)| name.as_str()).collect();
    // The requests that can wait are not the tools'. scripts/offline/test_digest.py has their table.
    assert!(in_template.remove("DigestTable"));
    let in_code: BTreeSet<_> = tables.keys().into_iter().map(|(name, ..)| name).collect();
    assert_eq!(in_template, in_code);
    for (name, hash, indexes) in tables.keys() {
        let properties = &template["Resources"][name]["Properties"];
        assert_eq!(key(properties), (hash.to_owned(), None), "{name}");
        let none = Vec::new();
        let found: BTreeSet<_> = properties["GlobalSecondaryIndexes"]
            .as_array()
            .unwrap_or(&none)
            .iter()
            .map(|index| {
                assert_eq!(index["Projection"]["ProjectionType"], "ALL", "{name}");
                (index["IndexName"].as_str().unwrap().to_owned(), key(index))
            })
            .collect();
        let expected =
            indexes.iter().map(|(index, hash, range)| (index.to_string(), (hash.to_string(), Some(range.to_string()))));
        assert_eq!(found, expected.collect(), "{name}");
        let mut named: BTreeSet<&str> = indexes.iter().flat_map(|(_, hash, range)| [*hash, *range]).collect();
        named.insert(hash);
        let attributes = properties["AttributeDefinitions"].as_array().unwrap();
        let defined: BTreeSet<_> = attributes
            .iter()
            .map(|one| (one["AttributeName"].as_str().unwrap(), one["AttributeType"].as_str()))
            .collect();
        assert_eq!(defined, named.into_iter().map(|name| (name, Some("S"))).collect(), "{name}");
    }
}

#[test]
fn the_template_lets_the_ledger_forget() {
    let ttl = &template()["Resources"]["LedgerTable"]["Properties"]["TimeToLiveSpecification"];
    assert_eq!((ttl["AttributeName"].as_str(), ttl["Enabled"].as_bool()), (Some("expiresAt"), Some(true)));
}

#[test]
fn the_seed_gets_the_tables_that_it_fills() {
    let environment = template()["Metadata"]["Toolgate"]["Seed"]["Environment"].clone();
    let names = environment.as_object().unwrap().keys().cloned();
    let named: BTreeSet<_> = names.filter(|name| name.ends_with("_TABLE")).collect();
    assert_eq!(named, ["CUSTOMERS_TABLE", "INVOICES_TABLE", "ORDERS_TABLE"].map(str::to_owned).into());
}
