//! Answers requests that can wait: one digest for each customer and day, from one call of a cheap model.
//!
//! All work arrives on one queue (SQS), as three kinds of messages:
//!
//! 1. *A request* of a customer is stored as a row of a table. Its id makes a second delivery harmless.
//! 2. *The day* comes from EventBridge Scheduler. It becomes one message for each customer whose requests wait.
//! 3. *A customer and a date* becomes a digest. The function claims the waiting rows for that date, reserves what the
//!    model can cost, asks the model once for all rows, writes `digests/DATE/CUSTOMER.json` to S3, publishes a note on SNS,
//!    and marks the rows as answered.
//!
//! The write to S3 is the commit. It has `If-None-Match: *`, so a customer and a date have at most one digest, and
//! nothing replaces it. A row that is claimed for a date is never put into the digest of another date. It is released only
//! if the digest of its date exists without it. Therefore a request is in at most one digest.
//!
//! What happens when the function ends in the middle of a message, which the queue then delivers again:
//!
//! - Before the claim: nothing has happened.
//! - Between the claim and the write: the rows keep their date, and the model is asked again. Its first call is paid, and
//!   stays booked at its bound until the window of the budget ends.
//! - After the write, before the note or the marks: the next delivery finds the digest and asks no model. It publishes the
//!   note (again, if it was published), marks the rows of the digest, and releases the others for the next day.
//! - After the marks: a delivery finds no row that waits, and does nothing.
//!
//! A message that always fails ends in the dead-letter queue. The rows of a digest that ended there stay claimed for its
//! date, and the next day sends that customer and date again. A request that was paid for too often without a digest gets
//! none of the model: its answer is `null`, for a person. A note is delivered at least once, a digest exactly once.

mod answer;
mod articles;
mod bedrock;
mod day;
mod digest;
mod http;
mod message;
mod metrics;
mod money;
mod notes;
mod prompt;
mod queue;
mod requests;
mod settings;
mod store;

use std::time::Duration;

use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use crate::{
    message::{Batch, Message, Record},
    settings::Parts,
};

/// How long a batch may take. The function's own timeout in the template is longer, so that the messages that are done
/// are reported as done.
const BATCH_WITHIN: Duration = Duration::from_secs(100);
/// How many messages of a batch are worked on at the same time.
const AT_ONCE: usize = 4;

/// The result of a step. The text of an error is logged, so it has no text of a customer.
type Result<T> = std::result::Result<T, String>;

/// Works on the messages of the queue.
#[derive(Debug)]
pub struct Digester(Parts);

impl Digester {
    /// Reads `DIGEST_TABLE`, `DIGEST_BUCKET`, `DIGEST_TOPIC`, `DIGEST_QUEUE` (a URL), `DIGEST_USD`, `LEDGER_TABLE`, `MODEL`,
    /// `OUTPUT_TOKENS`, `GUARDRAIL_ID` and `GUARDRAIL_VERSION`, and the variables of [`toolgate::Metrics::from_env`].
    ///
    /// # Errors
    /// A variable is not set or not valid, or the model has no price.
    pub async fn from_env() -> std::result::Result<Self, toolgate::Error> {
        Ok(Self(Parts::from_env(&|name| std::env::var(name).ok()).await?))
    }

    /// Works on a batch of messages, and returns those that failed.
    ///
    /// # Errors
    /// The batch cannot be read, so that no single message can be reported. The queue then delivers all of them again.
    pub async fn handle(&self, event: Value) -> std::result::Result<Value, toolgate::Error> {
        let batch = Batch::read(event)?;
        let end = Instant::now() + BATCH_WITHIN;
        let failed: Vec<Value> = stream::iter(batch.records)
            .map(|record| async move {
                // boxed, because the compiler limits how deep futures of the AWS SDK may be nested
                let done = timeout_at(end, Box::pin(self.message(&record))).await;
                let cause = done.unwrap_or_else(|_| Err("the time of its batch was over".to_owned())).err()?;
                tracing::error!(message = record.id, cause, "a message failed; the queue delivers it again");
                Some(json!({"itemIdentifier": record.id}))
            })
            .buffer_unordered(AT_ONCE)
            .filter_map(std::future::ready)
            .collect()
            .await;
        Ok(json!({"batchItemFailures": failed}))
    }

    async fn message(&self, record: &Record) -> Result<()> {
        match record.read()? {
            Message::Request(request) => self.0.requests.store(&request).await,
            Message::Day(day) => {
                let due = self.0.requests.due(&day.date()?).await?;
                tracing::info!(digests = due.len(), "the digests of the day begin");
                self.0.queue.send(&due).await
            }
            Message::Due(due) => day::digest(&self.0, &due).await,
        }
    }
}
