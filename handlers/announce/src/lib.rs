//! Announces calls that wait for a person: one event on EventBridge for each call that was parked. On a schedule it also
//! counts the calls that wait, and writes their number and the age of the oldest as metrics.
//!
//! The stream of the approvals table delivers keys only. This function reads the tool, the id and the expiry of the
//! call, and its role can read nothing else. The event therefore never has the input, the caller or the key.
//!
//! A record that cannot be announced is reported as failed, and Lambda delivers it again and then to the failure queue.
//! A record may arrive twice, so a call may be announced twice. The event carries the id, which is the same both times.

mod record;

use std::time::Duration;

use aws_sdk_eventbridge::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    types::PutEventsRequestEntry,
};
use serde_json::{Value, json};
use toolgate::{Metrics, Unit};
use toolgate_dynamodb::{Approvals, ApprovalsError, ParkedCall};

use crate::record::{Batch, Record};

/// The source of the events. The role of this function may send no other one.
pub const SOURCE: &str = "toolgate.approvals";
/// The type of the events.
pub const DETAIL_TYPE: &str = "Call Waiting For Approval";

/// The entries of one request: <https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutEvents.html>
const ENTRIES: usize = 10;
/// How long a count may take. The function's own timeout in the template is longer.
const COUNT_WITHIN: Duration = Duration::from_secs(45);

/// Announces parked calls.
#[derive(Debug, Clone)]
pub struct Announcer {
    approvals: Approvals,
    events: Client,
    project: String,
    environment: String,
    metrics: Metrics,
}

impl Announcer {
    /// Announces the calls of a table, with the project and the environment that its events carry.
    pub fn new(approvals: Approvals, events: Client, project: String, environment: String) -> Self {
        Self { approvals, events, project, environment, metrics: Metrics::default() }
    }

    /// Sets where the metrics of a count are written.
    #[must_use]
    pub fn with_metrics(self, metrics: Metrics) -> Self {
        Self { metrics, ..self }
    }

    /// Reads `APPROVALS_TABLE`, `PROJECT` and `ENVIRONMENT`, and the variables of [`Metrics::from_env`].
    ///
    /// # Errors
    /// A variable is not set, or is not valid.
    pub async fn from_env() -> Result<Self, toolgate::Error> {
        let text = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set"));
        let table = text("APPROVALS_TABLE")?;
        let (project, environment) = (text("PROJECT")?, text("ENVIRONMENT")?);
        let config = toolgate_dynamodb::config().await;
        let approvals = Approvals::new(toolgate_dynamodb::client_with(&config), table);
        let announcer = Self::new(approvals, Client::new(&config), project, environment);
        Ok(announcer.with_metrics(Metrics::from_env()?))
    }

    /// Counts the calls that wait if the event is that of the schedule, `{"count": "waiting"}`. Announces the calls of a
    /// batch of records otherwise.
    ///
    /// # Errors
    /// Those of [`count`](Self::count) and [`announce`](Self::announce).
    pub async fn handle(&self, event: Value) -> Result<Value, toolgate::Error> {
        match event == json!({"count": "waiting"}) {
            true => self.count(COUNT_WITHIN).await,
            false => self.announce(event).await,
        }
    }

    /// Counts the calls that wait for a person, and writes two metrics: `ApprovalsWaiting`, and the seconds that the
    /// oldest has waited as `ApprovalsOldestAge`.
    ///
    /// # Errors
    /// The table cannot be read, or not in that time. No metric is written then.
    pub async fn count(&self, within: Duration) -> Result<Value, toolgate::Error> {
        let counted = tokio::time::timeout(within, self.approvals.waiting()).await;
        let waiting = counted.map_err(|_| {
            let seconds = within.as_secs();
            format!(
                "the approvals could not be counted in {seconds} s: look at the size of the table, and at its throttles"
            )
        })??;
        let age = waiting.oldest.as_secs();
        self.metrics
            .write(&[("ApprovalsWaiting", Unit::Count, waiting.count), ("ApprovalsOldestAge", Unit::Seconds, age)]);
        Ok(json!({"waiting": waiting.count, "oldestSeconds": age}))
    }

    /// Announces the calls of a batch of records, and returns the records that failed.
    ///
    /// # Errors
    /// The batch cannot be read, so that no single record can be reported. Lambda then delivers the whole batch again.
    pub async fn announce(&self, event: Value) -> Result<Value, toolgate::Error> {
        let batch = Batch::read(event)?;
        let (mut calls, mut failed) = (Vec::new(), Vec::new());
        for record in batch.records {
            let sequence = record.sequence.clone();
            match self.look(record).await {
                Ok(Some(call)) => calls.push((sequence, call)),
                Ok(None) => tracing::debug!(sequence, "nothing to announce: no parked call, expired, run or gone"),
                Err(cause) => {
                    tracing::error!(sequence, cause, "a parked call cannot be announced");
                    failed.push(sequence);
                }
            }
        }
        for calls in calls.chunks(ENTRIES) {
            failed.extend(self.send(calls).await.into_iter().cloned());
        }
        let items: Vec<_> = failed.iter().map(|sequence| json!({"itemIdentifier": sequence})).collect();
        Ok(json!({"batchItemFailures": items}))
    }

    /// The call that a record is about, if it waits for a person.
    async fn look(&self, record: Record) -> Result<Option<ParkedCall>, String> {
        let Some(key) = record.written_key()? else { return Ok(None) };
        let call = self.approvals.parked(&key).await.map_err(|error| match error {
            ApprovalsError::Unreadable(call) => call.reason,
            error => error.to_string(),
        })?;
        match call {
            // a receiver puts these into a command and a sentence
            Some(call) if !is_plain(&call.tool) => Err("the name of its tool is not one that a router accepts".into()),
            Some(call) if !(call.id.starts_with("APR-") && is_plain(&call.id)) => Err("its id is not `APR-…`".into()),
            call => Ok(call),
        }
    }

    /// Sends at most [`ENTRIES`] events, and returns the records whose events were not accepted.
    async fn send<'c>(&self, calls: &'c [(String, ParkedCall)]) -> Vec<&'c String> {
        let entries = calls.iter().map(|(_, call)| self.entry(call)).collect();
        let (codes, other): (Vec<Option<String>>, _) =
            match self.events.put_events().set_entries(Some(entries)).send().await {
                Ok(sent) => {
                    let accepted = |entry: &aws_sdk_eventbridge::types::PutEventsResultEntry| match entry.event_id() {
                        Some(_) => None,
                        None => Some(entry.error_code().unwrap_or("no event id").to_owned()),
                    };
                    (sent.entries().iter().map(accepted).collect(), "no result".to_owned())
                }
                Err(error) => (Vec::new(), code(&error)),
            };
        let mut failed = Vec::new();
        // an event without a result was not accepted
        for (index, (sequence, call)) in calls.iter().enumerate() {
            match codes.get(index).unwrap_or(&Some(other.clone())) {
                None => tracing::info!(id = call.id, tool = call.tool, "announced"),
                Some(cause) => {
                    tracing::error!(sequence, id = call.id, cause, "EventBridge did not accept an event");
                    failed.push(sequence);
                }
            }
        }
        failed
    }

    fn entry(&self, call: &ParkedCall) -> PutEventsRequestEntry {
        let detail = json!({
            "id": call.id, "tool": call.tool, "expiresAt": call.expires_at,
            "project": self.project, "environment": self.environment,
        });
        PutEventsRequestEntry::builder().source(SOURCE).detail_type(DETAIL_TYPE).detail(detail.to_string()).build()
    }
}

/// Whether a text is letters, digits, `_` and `-`, as the names of tools and the ids of approvals are.
fn is_plain(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
}

/// The code of an error. Its message may quote an event.
fn code<E: ProvideErrorMetadata>(error: &SdkError<E>) -> String {
    error.code().unwrap_or("no answer").to_owned()
}
