//! The metrics of a turn.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use chat::metrics::Counts;
use serde_json::{Value, json};
use toolgate::{Metrics, prices::Tokens};

#[test]
fn a_line_has_numbers_and_nothing_else() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let written = Arc::clone(&lines);
    let metrics =
        Metrics::new("BedrockAgents/support-desk/dev", move |line| written.lock().unwrap().push(line.to_owned()));
    let counts = Counts {
        is_error: true,
        is_cut: false,
        is_refused: false,
        throttles: 3,
        tokens: Tokens { input: 1, output: 2, cache_read: 10, cache_write: 100 },
        cost_micros: 12_345,
        latency: Duration::from_micros(1_500),
    };
    counts.write(&metrics);
    let lines = lines.lock().unwrap();
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    let mut line: Value = serde_json::from_str(line).unwrap();
    let described = line.as_object_mut().unwrap().remove("_aws").unwrap();
    assert_eq!(
        line,
        json!({
            "Turns": 1, "TurnErrors": 1, "TurnsCut": 0, "BudgetRefusals": 0, "ModelThrottles": 3,
            "InputTokens": 111, "OutputTokens": 2, "CostMicroUsd": 12_345, "TurnLatency": 1,
        })
    );
    // scripts/offline/test_metrics.py holds the alarms and the dashboard of the template against the same file
    let golden: Value = serde_json::from_str(include_str!("../metrics.json")).unwrap();
    assert_eq!(described["CloudWatchMetrics"], golden);
}
