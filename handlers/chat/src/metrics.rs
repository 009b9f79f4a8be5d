//! The metrics of a turn, in CloudWatch's embedded metric format: one line of JSON on standard output per turn.
//!
//! A line has counts, tokens, costs and a duration, and no customer, session or text.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::{
    io::Write,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};
use toolgate::{Error, prices::Tokens};

use crate::settings::Variables;

/// The namespace of the tools' metrics where none is set.
const NAMESPACE: &str = "BedrockAgents";
/// The longest namespace
/// (<https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html>).
const LONGEST_NAMESPACE: usize = 255;

/// What is counted of one turn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// The turn has failed.
    pub is_error: bool,
    /// The turn was cut, since its bound was used up.
    pub is_cut: bool,
    /// A budget had no room for the turn.
    pub is_refused: bool,
    /// How often the service was too busy.
    pub throttles: u64,
    /// The tokens of the model turns.
    pub tokens: Tokens,
    /// What the ledger counts for the turn, in millionths of a dollar.
    pub cost_micros: u64,
    /// How long the turn took.
    pub latency: Duration,
}

/// Writes metrics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metrics {
    namespace: String,
}

impl Metrics {
    /// Metrics as `TOOLGATE_METRICS` and `TOOLGATE_METRICS_NAMESPACE` set them for the tools as well: written on Lambda,
    /// unless they are switched off. `None` if they are not written.
    ///
    /// # Errors
    /// A variable is not valid.
    pub fn read(variables: &Variables<'_>) -> Result<Option<Self>, Error> {
        let text = |name: &str| variables(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        let is_on = match text("TOOLGATE_METRICS").as_deref() {
            // Lambda sets this variable, and so does `toolgate dev`
            None => variables("AWS_LAMBDA_INITIALIZATION_TYPE").is_some(),
            Some("on") => true,
            Some("off") => false,
            Some(other) => return Err(format!("TOOLGATE_METRICS must be `on` or `off`, not `{other}`").into()),
        };
        let namespace = text("TOOLGATE_METRICS_NAMESPACE").unwrap_or_else(|| NAMESPACE.to_owned());
        let is_letter = |letter: u8| letter.is_ascii_alphanumeric() || b".-_/#:".contains(&letter);
        let is_reserved = namespace.starts_with("AWS/") || namespace.starts_with(':');
        if namespace.len() > LONGEST_NAMESPACE || is_reserved || !namespace.bytes().all(is_letter) {
            let rule = "must be 1 to 255 letters, digits or `.-_/#:`, and not begin with `AWS/` or `:`";
            return Err(format!("TOOLGATE_METRICS_NAMESPACE {rule}, and cannot be `{namespace}`").into());
        }
        Ok(is_on.then_some(Self { namespace }))
    }

    /// Writes the line of a turn, in one write.
    pub fn write(&self, counts: &Counts) {
        let mut line = self.line(counts).to_string();
        line.push('\n');
        // a closed output has no reader
        let _ = std::io::stdout().lock().write_all(line.as_bytes());
    }

    /// The line of a turn.
    pub fn line(&self, counts: &Counts) -> Value {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let Tokens { input, output, cache_read, cache_write } = counts.tokens;
        let read = input.saturating_add(cache_read).saturating_add(cache_write);
        let values = [
            ("Turns", "Count", json!(1)),
            ("TurnErrors", "Count", json!(u8::from(counts.is_error))),
            ("TurnsCut", "Count", json!(u8::from(counts.is_cut))),
            ("BudgetRefusals", "Count", json!(u8::from(counts.is_refused))),
            ("ModelThrottles", "Count", json!(counts.throttles)),
            // from the prompt cache as well
            ("InputTokens", "Count", json!(read)),
            ("OutputTokens", "Count", json!(output)),
            ("CostMicroUsd", "Count", json!(counts.cost_micros)),
            ("TurnLatency", "Milliseconds", json!(counts.latency.as_secs_f64() * 1_000.0)),
        ];
        let metrics: Vec<Value> = values.iter().map(|(name, unit, _)| json!({"Name": name, "Unit": unit})).collect();
        let directive = json!({"Namespace": self.namespace, "Dimensions": [[]], "Metrics": metrics});
        let timestamp = u64::try_from(now.as_millis()).unwrap_or_default();
        // the first member: the local agent recognises the line by it
        let mut line = json!({"_aws": {"Timestamp": timestamp, "CloudWatchMetrics": [directive]}});
        if let Some(members) = line.as_object_mut() {
            members.extend(values.into_iter().map(|(name, _, value)| (name.to_owned(), value)));
        }
        line
    }
}
