//! Checks the rules of CloudWatch's embedded metric format, independently of the code that writes the line.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html>
const UNITS: [&str; 27] = [
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    "None",
];

/// The problems of a line. Empty where CloudWatch accepts it.
pub(crate) fn problems(line: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let Ok(Value::Object(root)) = serde_json::from_str(line) else { return vec!["no JSON object".into()] };
    if line.len() > 256 * 1024 {
        wrong.push(format!("{} bytes", line.len()));
    }
    let Some(Value::Object(metadata)) = root.get("_aws") else { return vec!["no _aws".into()] };
    only(metadata, &["Timestamp", "CloudWatchMetrics"], "_aws", &mut wrong);
    // CloudWatch accepts events from two weeks ago to two hours ahead; this check accepts one day
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis() as u64;
    let at = metadata.get("Timestamp").and_then(Value::as_u64);
    if at.is_none_or(|at| at.abs_diff(now) > 24 * 60 * 60 * 1000) {
        wrong.push("Timestamp is not now in milliseconds".into());
    }
    match metadata.get("CloudWatchMetrics").and_then(Value::as_array) {
        Some(directives) => directives.iter().for_each(|one| directive(one, &root, &mut wrong)),
        None => wrong.push("CloudWatchMetrics is no list".into()),
    }
    wrong
}

fn directive(directive: &Value, root: &Map<String, Value>, wrong: &mut Vec<String>) {
    let Some(directive) = directive.as_object() else { return wrong.push("a directive is not an object".into()) };
    only(directive, &["Namespace", "Dimensions", "Metrics"], "a directive", wrong);
    if !directive.get("Namespace").and_then(Value::as_str).is_some_and(|name| (1..=1024).contains(&name.len())) {
        wrong.push("Namespace is no text of 1 to 1024 characters".into());
    }
    let sets = directive.get("Dimensions").and_then(Value::as_array).cloned().unwrap_or_default();
    if sets.is_empty() {
        wrong.push("Dimensions has no set".into());
    }
    for set in &sets {
        let Some(set) = set.as_array() else { return wrong.push("a dimension set is no list".into()) };
        if set.len() > 30 || set.iter().map(Value::as_str).collect::<BTreeSet<_>>().len() != set.len() {
            wrong.push(format!("the set {set:?} has more than 30 keys, or one twice"));
        }
        for key in set {
            let name = key.as_str().filter(|name| (1..=250).contains(&name.len()));
            let value = name.and_then(|name| root.get(name)).and_then(Value::as_str);
            // API_Dimension has more rules for a dimension's value: ASCII, not only blanks, no colon at the start
            let fits = |value: &str| {
                (1..=1024).contains(&value.len())
                    && value.bytes().all(|byte| matches!(byte, b' '..=b'~'))
                    && !value.trim().is_empty()
                    && !value.starts_with(':')
            };
            if !value.is_some_and(fits) {
                wrong.push(format!("the dimension {key} has no fitting value: {value:?}"));
            }
        }
    }
    let metrics = directive.get("Metrics").and_then(Value::as_array).cloned().unwrap_or_default();
    if metrics.is_empty() || metrics.len() > 100 {
        wrong.push(format!("{} metrics", metrics.len()));
    }
    let mut names = BTreeSet::new();
    for metric in &metrics {
        let Some(metric) = metric.as_object() else { return wrong.push("a metric is not an object".into()) };
        only(metric, &["Name", "Unit", "StorageResolution"], "a metric", wrong);
        let name = metric.get("Name").and_then(Value::as_str).unwrap_or_default();
        if !(1..=1024).contains(&name.len()) || !names.insert(name) {
            wrong.push(format!("the name `{name}` is too short, too long, or there twice"));
        }
        if metric.get("Unit").is_some_and(|unit| !UNITS.iter().any(|known| unit == known)) {
            wrong.push(format!("the unit of {name} is none"));
        }
        if metric.get("StorageResolution").is_some_and(|seconds| *seconds != json!(1) && *seconds != json!(60)) {
            wrong.push(format!("the resolution of {name} is none"));
        }
        let fits = match root.get(name) {
            Some(Value::Array(values)) => values.len() <= 100 && values.iter().all(Value::is_number),
            Some(value) => value.is_number(),
            None => false,
        };
        if !fits {
            wrong.push(format!("{name} has no number"));
        }
    }
}

/// The specification tolerates other members. Our lines have none.
fn only(object: &Map<String, Value>, known: &[&str], what: &str, wrong: &mut Vec<String>) {
    let others = object.keys().filter(|key| !known.contains(&key.as_str()));
    wrong.extend(others.map(|key| format!("{what} has a member `{key}`")));
}

#[test]
fn the_checker_finds_what_is_wrong() {
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_millis() as u64;
    let good = json!({
        "_aws": {"Timestamp": now, "CloudWatchMetrics": [{
            "Namespace": "Tools", "Dimensions": [["Group"], []],
            "Metrics": [{"Name": "Latency", "Unit": "Milliseconds", "StorageResolution": 60}],
        }]},
        "Group": "orders", "Latency": 12.5, "other": null,
    });
    assert_eq!(problems(&good.to_string()), Vec::<String>::new());
    let directive = "/_aws/CloudWatchMetrics/0";
    let metric = "/_aws/CloudWatchMetrics/0/Metrics/0";
    for (place, bad) in [
        ("/_aws".to_owned(), json!(null)),
        ("/_aws/Timestamp".to_owned(), json!(now / 1000)),
        ("/_aws/Timestamp".to_owned(), json!(now as f64 + 0.5)),
        ("/_aws/CloudWatchMetrics".to_owned(), json!({})),
        (format!("{directive}/Namespace"), json!("")),
        (format!("{directive}/Dimensions"), json!([])),
        (format!("{directive}/Dimensions"), json!(["Group"])),
        (format!("{directive}/Dimensions/0"), json!(["Missing"])),
        (format!("{directive}/Dimensions/0"), json!(["Group", "Group"])),
        (format!("{directive}/Metrics"), json!([])),
        (format!("{metric}/Name"), json!("Missing")),
        (format!("{metric}/Unit"), json!("ms")),
        (format!("{metric}/StorageResolution"), json!(30)),
        ("/Group".to_owned(), json!(7)),
        ("/Group".to_owned(), json!(" ")),
        ("/Group".to_owned(), json!("é")),
        ("/Group".to_owned(), json!("x".repeat(1025))),
        ("/Latency".to_owned(), json!("12.5")),
        ("/Latency".to_owned(), json!(vec![1; 101])),
    ] {
        let mut line = good.clone();
        *line.pointer_mut(&place).unwrap() = bad.clone();
        assert_ne!(problems(&line.to_string()), Vec::<String>::new(), "{place} = {bad}");
    }
    assert_ne!(problems(&format!("INFO {good}")), Vec::<String>::new());
}
