//! YAML with CloudFormation's short forms (`!Ref X`) becomes JSON with the long ones (`{"Ref": "X"}`),
//! so that everything after this knows one form only.

use serde_json::{Map, Number, Value};
use serde_yaml_ng::Value as Yaml;

pub(super) fn parse(text: &str) -> Result<Yaml, serde_yaml_ng::Error> {
    let mut yaml: Yaml = serde_yaml_ng::from_str(text)?;
    yaml.apply_merge()?;
    Ok(yaml)
}

pub(super) fn to_json(yaml: Yaml) -> Value {
    match yaml {
        Yaml::Null => Value::Null,
        Yaml::Bool(bool) => Value::Bool(bool),
        Yaml::Number(number) => json_number(&number),
        Yaml::String(text) => Value::String(text),
        Yaml::Sequence(items) => Value::Array(items.into_iter().map(to_json).collect()),
        Yaml::Mapping(entries) => {
            Value::Object(entries.into_iter().map(|(key, value)| (key_text(key), to_json(value))).collect())
        }
        Yaml::Tagged(tagged) => long_form(&tagged.tag.to_string(), to_json(tagged.value)),
    }
}

fn long_form(tag: &str, value: Value) -> Value {
    let name = tag.trim_start_matches('!');
    let (key, value) = match (name, value) {
        ("Ref" | "Condition", value) => (name.to_owned(), value),
        // `!GetAtt A.B.C` asks resource A for attribute `B.C`.
        ("GetAtt", Value::String(text)) => {
            let (resource, attribute) = text.split_once('.').unwrap_or((&text, ""));
            ("Fn::GetAtt".to_owned(), serde_json::json!([resource, attribute]))
        }
        (name, value) => (format!("Fn::{name}"), value),
    };
    Value::Object(Map::from_iter([(key, value)]))
}

fn json_number(number: &serde_yaml_ng::Number) -> Value {
    let exact = number.as_i64().map(Number::from).or_else(|| number.as_u64().map(Number::from));
    exact
        .or_else(|| number.as_f64().and_then(Number::from_f64))
        .map_or_else(|| Value::String(number.to_string()), Value::Number)
}

/// Keys such as `200:` are numbers to YAML and text to CloudFormation.
pub(super) fn key_text(key: Yaml) -> String {
    match key {
        Yaml::String(text) => text,
        Yaml::Bool(bool) => bool.to_string(),
        Yaml::Number(number) => number.to_string(),
        other => to_json(other).to_string(),
    }
}
