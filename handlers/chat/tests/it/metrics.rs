//! The metrics of a turn.

use std::time::Duration;

use chat::metrics::{Counts, Metrics};
use serde_json::json;
use toolgate::prices::Tokens;

fn read(variables: &[(&str, &str)]) -> Result<Option<Metrics>, String> {
    let value = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    Metrics::read(&value).map_err(|error| error.to_string())
}

#[test]
fn a_line_has_numbers_and_nothing_else() {
    let metrics = read(&[("TOOLGATE_METRICS", "on"), ("TOOLGATE_METRICS_NAMESPACE", "Desk/dev")]).unwrap().unwrap();
    let counts = Counts {
        is_error: true,
        is_cut: false,
        is_refused: false,
        throttles: 3,
        tokens: Tokens { input: 1, output: 2, cache_read: 10, cache_write: 100 },
        cost_micros: 12_345,
        latency: Duration::from_micros(1_500),
    };
    let mut line = metrics.line(&counts);
    assert!(line.to_string().starts_with(r#"{"_aws":{"Timestamp":"#));
    let described = line.as_object_mut().unwrap().remove("_aws").unwrap();
    let values = json!({
        "Turns": 1, "TurnErrors": 1, "TurnsCut": 0, "BudgetRefusals": 0, "ModelThrottles": 3,
        "InputTokens": 111, "OutputTokens": 2, "CostMicroUsd": 12_345, "TurnLatency": 1.5,
    });
    assert_eq!(line, values);
    let directive = &described["CloudWatchMetrics"][0];
    assert_eq!((&directive["Namespace"], &directive["Dimensions"]), (&json!("Desk/dev"), &json!([[]])));
    let names: Vec<_> = directive["Metrics"].as_array().unwrap().iter().map(|metric| &metric["Name"]).collect();
    assert_eq!(names, values.as_object().unwrap().keys().collect::<Vec<_>>());
}

#[test]
fn metrics_are_written_on_lambda_and_where_they_are_switched_on() {
    assert_eq!(read(&[]), Ok(None));
    assert!(read(&[("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")]).unwrap().is_some());
    assert_eq!(read(&[("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand"), ("TOOLGATE_METRICS", "off")]), Ok(None));
    assert!(read(&[("TOOLGATE_METRICS", "yes")]).unwrap_err().contains("`on` or `off`"));
    for name in ["AWS/Desk", ":a", "a b", "é"] {
        assert!(read(&[("TOOLGATE_METRICS_NAMESPACE", name)]).is_err(), "{name}");
    }
}
