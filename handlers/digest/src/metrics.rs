//! The metrics of the digests. They have counts and costs, and no customer.

use toolgate::{Metrics, Unit};

/// Where the metrics are written.
#[derive(Debug)]
pub(crate) struct DigestMetrics(pub(crate) Metrics);

impl DigestMetrics {
    /// A digest was written, with so many answers.
    pub(crate) fn written(&self, answers: usize) {
        let answers = u64::try_from(answers).unwrap_or(u64::MAX);
        self.0.write(&[("Digests", Unit::Count, 1), ("DigestAnswers", Unit::Count, answers)]);
    }

    /// A call of the model was paid, in millionths of a dollar. A call whose answer could not be used is counted too.
    pub(crate) fn paid(&self, micros: u64) {
        self.0.write(&[("DigestCostMicroUsd", Unit::Count, micros)]);
    }

    /// The budget did not cover a digest, so its requests wait for the next day.
    pub(crate) fn deferred(&self) {
        self.0.write(&[("DigestsDeferred", Unit::Count, 1)]);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may fail loudly")]

    use std::sync::{Arc, Mutex};

    use serde_json::Value;

    use super::*;

    /// scripts/offline/test_metrics.py holds the alarms and the dashboard against the same file.
    #[test]
    fn the_lines_are_those_that_the_template_reads() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = lines.clone();
        let write = move |line: &str| sink.lock().unwrap().push(line.to_owned());
        let metrics = DigestMetrics(Metrics::new("BedrockAgents/support-desk/dev", write));
        metrics.written(3);
        metrics.paid(4_000);
        metrics.deferred();
        let lines = lines.lock().unwrap();
        let lines: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        let directives: Vec<_> = lines.iter().map(|line| line["_aws"]["CloudWatchMetrics"][0].clone()).collect();
        let expected: Vec<Value> = serde_json::from_str(include_str!("../tests/metrics.json")).unwrap();
        assert_eq!(directives, expected);
        assert_eq!((&lines[0]["DigestAnswers"], &lines[1]["DigestCostMicroUsd"]), (&3.into(), &4_000.into()));
    }
}
