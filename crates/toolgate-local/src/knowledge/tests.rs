//! The laws of filters, chunks and requests, for any input.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{chunks::split, filter::Filter, index::Index, metadata, request::Retrieve};

const OPERATORS: [&str; 11] = [
    "equals",
    "notEquals",
    "greaterThan",
    "greaterThanOrEquals",
    "lessThan",
    "lessThanOrEquals",
    "in",
    "notIn",
    "listContains",
    "startsWith",
    "stringContains",
];

fn holds(filter: &Value, metadata: &Map<String, Value>) -> bool {
    Filter::read(filter, "OPENSEARCH_SERVERLESS").unwrap().holds(metadata)
}

fn attribute(operator: &str, value: &Value) -> Value {
    json!({operator: {"key": "key", "value": value}})
}

fn simple() -> impl Strategy<Value = Value> {
    prop_oneof![
        "[ab]{0,2}".prop_map(Value::from),
        (-2_i64..3).prop_map(Value::from),
        (-2_i32..3).prop_map(|half| json!(f64::from(half) / 2.0)),
        any::<bool>().prop_map(Value::from),
    ]
}

fn own() -> impl Strategy<Value = Value> {
    prop_oneof![3 => simple(), 1 => prop::collection::vec("[ab]{0,2}", 0..3).prop_map(Value::from)]
}

fn metadata() -> impl Strategy<Value = Map<String, Value>> {
    prop::option::of(own()).prop_map(|own| own.map(|own| ("key".to_owned(), own)).into_iter().collect())
}

/// Any filter of valid values.
fn filter() -> impl Strategy<Value = Value> {
    let list = prop::collection::vec(simple(), 1..3).prop_map(Value::from);
    let leaf = prop_oneof![
        (prop::sample::select(&["equals", "notEquals", "listContains"][..]), simple()),
        (prop::sample::select(&["in", "notIn"][..]), list),
        (
            prop::sample::select(&["greaterThan", "greaterThanOrEquals", "lessThan", "lessThanOrEquals"][..]),
            (-2_i64..3).prop_map(Value::from)
        ),
        (prop::sample::select(&["startsWith", "stringContains"][..]), "[ab]{0,2}".prop_map(Value::from)),
    ]
    .prop_map(|(operator, value)| attribute(operator, &value));
    leaf.prop_recursive(3, 12, 3, |inner| {
        (prop::sample::select(&["andAll", "orAll"][..]), prop::collection::vec(inner, 2..4))
            .prop_map(|(operator, filters)| json!({operator: filters}))
    })
}

/// JSON of any form, with the names that a request has.
fn json_of_any_form() -> impl Strategy<Value = Value> {
    let names = ["retrievalQuery", "text", "retrievalConfiguration", "vectorSearchConfiguration", "filter", "andAll"];
    let names = prop::sample::select([&names[..], &OPERATORS[..], &["key", "value", "nextToken"][..]].concat());
    let leaf =
        prop_oneof![Just(Value::Null), own(), any::<f64>().prop_map(Value::from), any::<u64>().prop_map(Value::from)];
    leaf.prop_recursive(6, 40, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((names.clone(), inner), 0..4).prop_map(|members: Vec<(&str, Value)>| members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect()),
        ]
    })
}

proptest! {
    #[test]
    fn each_comparison_agrees_with_its_counterpart(metadata in metadata(), value in simple(), others in prop::collection::vec(simple(), 1..3), least in -2_i64..3) {
        let is = |operator: &str, value: &Value| holds(&attribute(operator, value), &metadata);
        prop_assert_eq!(is("notEquals", &value), !is("equals", &value));
        prop_assert_eq!(is("in", &json!([value])), is("equals", &value));
        prop_assert_eq!(is("in", &json!(others)), others.iter().any(|other| is("equals", other)));
        // A document without the attribute is not in the list, and it is not outside of it.
        prop_assert_eq!(is("notIn", &json!(others)), metadata.contains_key("key") && !is("in", &json!(others)));
        let own = metadata.get("key");
        prop_assert_eq!(is("listContains", &value), own.is_some_and(Value::is_array) && is("equals", &value));
        let least = json!(least);
        let is_number = own.is_some_and(Value::is_number);
        prop_assert_eq!(is("greaterThan", &least), is_number && !is("lessThanOrEquals", &least));
        prop_assert_eq!(is("lessThan", &least), is_number && !is("greaterThanOrEquals", &least));
        prop_assert_eq!(is("greaterThanOrEquals", &least), is("greaterThan", &least) || is_number && is("equals", &least));
        if let Some(prefix) = value.as_str() {
            prop_assert!(!is("startsWith", &value) || is("stringContains", &value), "{}", prefix);
        }
    }

    #[test]
    fn groups_are_logical(metadata in metadata(), filters in prop::collection::vec(filter(), 2..4)) {
        let each: Vec<bool> = filters.iter().map(|filter| holds(filter, &metadata)).collect();
        prop_assert_eq!(holds(&json!({"andAll": filters}), &metadata), each.iter().all(|it| *it));
        prop_assert_eq!(holds(&json!({"orAll": filters}), &metadata), each.iter().any(|it| *it));
    }

    #[test]
    fn any_request_is_read_or_refused(body in json_of_any_form(), store in prop::sample::select(&["S3_VECTORS", ""][..])) {
        // A panic would fail the test.
        drop(Retrieve::read(body.to_string().as_bytes(), store));
        let request = json!({"retrievalQuery": {"text": "x"}, "retrievalConfiguration": {"vectorSearchConfiguration": {"filter": body}}});
        drop(Retrieve::read(request.to_string().as_bytes(), store));
        drop(metadata::read(&body.to_string()));
    }

    #[test]
    fn chunks_are_the_whole_text_in_its_order(text in "([a-zü ]{0,400}|\n|\n\n|# |## x\n|```\n){0,12}") {
        let chunks = split(&text);
        prop_assert_eq!(chunks.concat(), text.as_str());
        prop_assert!(chunks.iter().all(|chunk| chunk.chars().count() <= 1200));
    }

    #[test]
    fn scores_are_between_0_and_1_and_fall(texts in prop::collection::vec("[abc ]{0,20}", 0..6), query in "[abc ]{0,20}") {
        let found = Index::of(texts.iter().map(String::as_str)).search(&query);
        prop_assert!(found.iter().all(|(number, score)| *number < texts.len() && (0.0..1.0).contains(score)));
        prop_assert!(found.is_sorted_by(|(_, one), (_, other)| one >= other));
    }
}

#[test]
fn a_section_is_a_chunk() {
    let text = "Intro.\n# One\nText.\n```\n# no heading\n```\n## Two\nMore.\n#no heading\n";
    assert_eq!(split(text), ["Intro.\n", "# One\nText.\n```\n# no heading\n```\n", "## Two\nMore.\n#no heading\n"]);
}

#[test]
fn a_heading_stays_with_the_text_after_it() {
    let long = "word ".repeat(300);
    let text = format!("# Title\n\n{long}");
    let chunks = split(&text);
    assert_eq!(chunks.iter().map(|chunk| chunk.len() > 100).collect::<Vec<_>>(), [true, true], "{chunks:?}");
}

#[test]
fn a_document_of_5_mb_takes_little_time() {
    let started = std::time::Instant::now();
    for part in ["x", "word ", "# a\n", "\n\n", "```\n", "\u{202e}ü"] {
        let text = part.repeat(5_000_000 / part.len());
        let chunks = split(&text);
        assert_eq!(chunks.iter().map(|chunk| chunk.len()).sum::<usize>(), text.len());
    }
    let texts = "some words of a document, and more of them\n".repeat(120_000);
    assert!(!Index::of(split(&texts).into_iter()).search("document").is_empty());
    assert!(started.elapsed() < std::time::Duration::from_secs(30), "{:?}", started.elapsed());
}

#[test]
fn a_long_query_takes_little_time() {
    let texts: Vec<String> = (0..2000).map(|number| format!("word{number} and word{}", number + 1)).collect();
    let index = Index::of(texts.iter().map(String::as_str));
    let started = std::time::Instant::now();
    let query: String = (0..3000).map(|number| format!("word{number} ")).collect();
    assert_eq!(index.search(&query).len(), 200);
    assert!(started.elapsed() < std::time::Duration::from_secs(5), "{:?}", started.elapsed());
}
