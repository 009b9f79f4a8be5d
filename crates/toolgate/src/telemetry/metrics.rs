//! Metrics of calls, in CloudWatch's embedded metric format: one line of JSON on standard output per call.
//!
//! A line contains counts, a duration, and names that the engineer declared. The only value from a caller is the
//! agent's id. It must have the form of an id, because each new value of a dimension creates a metric that costs money.
//! This is a module and not a dependency: the form of the line never changes, and the crates for this format need a
//! global recorder or a writer thread.
//!
//! <https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html>

use std::{
    borrow::Cow,
    io::Write,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::Serialize;

use super::{Record, milliseconds};
use crate::{
    config,
    error::{Error, ErrorKind},
    wire::kind::Wire,
};

/// The default namespace.
pub(crate) const NAMESPACE: &str = "BedrockAgents";

/// By agent and class for dashboards, by class, and over all calls for alarms.
const DIMENSIONS: &[&[&str]] = &[&["AgentId", "IntentClass", "Success"], &["IntentClass"], &[]];
/// Refusals by gate. A line has this set only if it is a refusal, so a gate that never refuses costs nothing.
const BY_GATE: &[&[&str]] = &[&["Gate"]];
const REFUSALS: Definition = Definition { name: "Refusals", unit: "Count" };

const METRICS: &[Definition] = &[
    Definition { name: "AgentInvocations", unit: "Count" },
    Definition { name: "ToolInvocations", unit: "Count" },
    Definition { name: "ToolErrors", unit: "Count" },
    REFUSALS,
    Definition { name: "Latency", unit: "Milliseconds" },
    Definition { name: "DroppedFields", unit: "Count" },
    Definition { name: "Replays", unit: "Count" },
];

/// Kinds that are faults of the function. All other kinds are refusals of a gate or a tool.
const FAULTS: [ErrorKind; 3] = [ErrorKind::Internal, ErrorKind::TimedOut, ErrorKind::TooLarge];

/// Maximum length: <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html>
const LONGEST_NAMESPACE: usize = 255;
/// Maximum length of a dimension's value in characters, from the specification.
const LONGEST_VALUE: usize = 1024;
/// Maximum length, from `^[0-9a-zA-Z]{1,10}$`:
/// <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent_Agent.html>
const LONGEST_AGENT_ID: usize = 10;
const UNKNOWN: &str = "unknown";
/// The gate of a call that the tool itself has refused.
const NO_GATE: &str = "none";

/// The value of `TOOLGATE_METRICS`. Where it is unset, whether the process runs on Lambda.
pub(crate) fn from_env() -> Result<bool, Error> {
    // Lambda sets this variable, and so does `toolgate dev`, to behave like Lambda
    let is_lambda = || std::env::var_os("AWS_LAMBDA_INITIALIZATION_TYPE").is_some();
    Ok(config::switch(config::METRICS)?.unwrap_or_else(is_lambda))
}

/// The namespace from `TOOLGATE_METRICS_NAMESPACE`, if it is set.
pub(crate) fn namespace_from_env() -> Result<Option<String>, Error> {
    match config::text(config::METRICS_NAMESPACE)? {
        None => Ok(None),
        Some(name) if is_namespace(&name) => Ok(Some(name)),
        Some(name) => Err(format!(
            "TOOLGATE_METRICS_NAMESPACE must be 1 to 255 letters, digits or `.-_/#:`, not begin with `AWS/` or `:`, \
             and cannot be `{name}`"
        )
        .into()),
    }
}

/// Whether the name is valid for a custom namespace. Names that begin with `AWS/` are reserved for AWS services:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html>
fn is_namespace(name: &str) -> bool {
    (1..=LONGEST_NAMESPACE).contains(&name.len())
        && !name.starts_with("AWS/")
        && !name.starts_with(':')
        && name.bytes().all(|letter| letter.is_ascii_alphanumeric() || b".-_/#:".contains(&letter))
}

/// Writes a call's line in one write, so that no other line can start inside of it.
pub(crate) fn emit(namespace: &str, record: &Record, wire: Wire, request_id: &str, duration: Duration) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // neither failure may fail the call: the line always serialises, and a closed output has no reader
    if let Ok(mut line) = serde_json::to_vec(&Line::of(namespace, record, wire, request_id, duration, now)) {
        line.push(b'\n');
        let _ = std::io::stdout().lock().write_all(&line);
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Line<'a> {
    // the first member: the local agent recognises the line by it
    #[serde(rename = "_aws")]
    metadata: Metadata<'a>,
    agent_id: &'a str,
    intent_class: Cow<'a, str>,
    success: &'static str,
    agent_invocations: u8,
    tool_invocations: u8,
    tool_errors: u8,
    refusals: u8,
    latency: f64,
    dropped_fields: usize,
    replays: u8,
    // the gate that stopped the call
    #[serde(skip_serializing_if = "Option::is_none")]
    gate: Option<&'static str>,
    // not dimensions, but useful for a search; the call's log line contains them too
    #[serde(skip_serializing_if = "Option::is_none")]
    tool: Option<&'a str>,
    wire: &'static str,
    outcome: &'static str,
    request_id: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata<'a> {
    timestamp: u64,
    cloud_watch_metrics: Vec<Directive<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Directive<'a> {
    namespace: &'a str,
    dimensions: &'static [&'static [&'static str]],
    metrics: &'static [Definition],
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Definition {
    name: &'static str,
    unit: &'static str,
}

impl<'a> Line<'a> {
    fn of(
        namespace: &'a str,
        record: &'a Record,
        wire: Wire,
        request_id: &'a str,
        duration: Duration,
        now: Duration,
    ) -> Self {
        let failed = record.outcome.is_some();
        let fault = record.outcome.is_some_and(|kind| FAULTS.contains(&kind));
        let mut directives = vec![Directive { namespace, dimensions: DIMENSIONS, metrics: METRICS }];
        if failed && !fault {
            directives.push(Directive { namespace, dimensions: BY_GATE, metrics: &[REFUSALS] });
        }
        let gate = if record.gate.is_empty() { NO_GATE } else { record.gate };
        Self {
            metadata: Metadata {
                timestamp: u64::try_from(now.as_millis()).unwrap_or_default(),
                cloud_watch_metrics: directives,
            },
            agent_id: if wire.is_agents() { agent_id(record.agent.as_deref()) } else { wire.name() },
            intent_class: value(&record.intent_class),
            success: if failed { "false" } else { "true" },
            agent_invocations: 1,
            tool_invocations: record.tool.is_some().into(),
            tool_errors: fault.into(),
            refusals: (failed && !fault).into(),
            latency: milliseconds(duration),
            dropped_fields: record.dropped,
            replays: record.replayed.into(),
            gate: failed.then_some(gate),
            tool: record.tool.as_deref(),
            wire: wire.name(),
            outcome: record.outcome.map_or("ok", ErrorKind::as_str),
            request_id,
        }
    }
}

/// The agent's id from an event, if it has the form of an id.
fn agent_id(id: Option<&str>) -> &str {
    let possible = |id: &&str| {
        (1..=LONGEST_AGENT_ID).contains(&id.len()) && id.bytes().all(|letter| letter.is_ascii_alphanumeric())
    };
    id.filter(possible).unwrap_or(UNKNOWN)
}

/// Converts text to a valid dimension value: visible ASCII. CloudWatch would drop the metric otherwise.
fn value(text: &str) -> Cow<'_, str> {
    let plain = |text: &str| text.bytes().all(|byte| matches!(byte, b' '..=b'~')) && text.len() <= LONGEST_VALUE;
    match text.trim() {
        "" => UNKNOWN.into(),
        text if plain(text) && !text.starts_with(':') => text.into(),
        text => text
            .chars()
            .take(LONGEST_VALUE)
            .enumerate()
            .map(|(place, letter)| match letter {
                ':' if place == 0 => '?',
                ' '..='~' => letter,
                _ => '?',
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(record: &Record, wire: Wire) -> serde_json::Value {
        let line = Line::of(NAMESPACE, record, wire, "id", Duration::from_micros(1500), Duration::from_millis(7));
        serde_json::to_value(&line).unwrap()
    }

    #[test]
    fn a_line_is_known_by_its_first_member() {
        let record = Record::default();
        let line = Line::of(NAMESPACE, &record, Wire::Direct, "id", Duration::ZERO, Duration::ZERO);
        assert!(serde_json::to_string(&line).unwrap().starts_with(r#"{"_aws":{"Timestamp":0,"#));
    }

    #[test]
    fn only_what_can_be_an_agents_id_becomes_a_value() {
        for (id, expected) in [
            (Some("ABCDE12345"), "ABCDE12345"),
            (Some("Orders"), "Orders"),
            (Some(""), "unknown"),
            (Some("ABCDE123456"), "unknown"),
            (Some("a@b.example"), "unknown"),
            (Some("Zoë"), "unknown"),
            (None, "unknown"),
        ] {
            let record = Record { agent: id.map(str::to_owned), ..Record::default() };
            assert_eq!(line(&record, Wire::Function)["AgentId"], expected);
            assert_eq!(line(&record, Wire::Api)["AgentId"], expected);
            assert_eq!(line(&record, Wire::Gateway)["AgentId"], "gateway");
            assert_eq!(line(&record, Wire::Direct)["AgentId"], "direct");
        }
    }

    #[test]
    fn a_class_is_made_fit_for_cloudwatch() {
        for (class, expected) in
            [("billing", "billing"), (" \t", "unknown"), ("", "unknown"), (":a\u{7}é\nb", "?a???b"), ("a b", "a b")]
        {
            assert_eq!(value(class), expected);
        }
        assert_eq!(value(&"é".repeat(2000)), "?".repeat(1024));
        assert_eq!(value(&"x".repeat(2000)), "x".repeat(1024));
    }

    #[test]
    fn a_namespace_is_one_that_cloudwatch_takes() {
        for name in ["BedrockAgents", "BedrockAgents/prod", "a.b-c_d#e:f", &"x".repeat(255)] {
            assert!(is_namespace(name), "{name}");
        }
        for name in ["", "AWS/Bedrock", ":a", "a b", "é", "a\nb", &"x".repeat(256)] {
            assert!(!is_namespace(name), "{name}");
        }
    }

    #[test]
    fn a_latency_is_in_milliseconds() {
        assert_eq!(line(&Record::default(), Wire::Direct)["Latency"], 1.5);
    }
}
