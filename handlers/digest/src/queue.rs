//! The queue as the place where the digests that are due are sent.
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>

use std::collections::BTreeSet;

use reqwest::header::CONTENT_TYPE;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Result,
    http::{Signed, body},
    message::Due,
};

const SERVICE: &str = "sqs";
/// The most messages of one request.
const MESSAGES: usize = 10;

/// The queue.
#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) signed: Signed,
    pub(crate) url: String,
    /// Replaces the address of the service.
    pub(crate) endpoint: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Sent {
    #[serde(default)]
    successful: Vec<Value>,
}

impl Queue {
    /// Sends one message for each digest.
    ///
    /// # Errors
    /// A message was not accepted. Others may have been: a message that is sent twice changes nothing.
    pub(crate) async fn send(&self, due: &BTreeSet<Due>) -> Result<()> {
        let due: Vec<_> = due.iter().collect();
        for due in due.chunks(MESSAGES) {
            self.send_batch(due).await?;
        }
        Ok(())
    }

    async fn send_batch(&self, due: &[&Due]) -> Result<()> {
        let Self { signed, url, endpoint } = self;
        let entry =
            |(index, due): (usize, &&Due)| json!({"Id": index.to_string(), "MessageBody": json!(due).to_string()});
        let entries: Vec<_> = due.iter().enumerate().map(entry).collect();
        let request = signed
            .http
            .post(endpoint.clone().unwrap_or_else(|| format!("https://sqs.{}.amazonaws.com/", signed.region)))
            .header(CONTENT_TYPE, "application/x-amz-json-1.0")
            .header("x-amz-target", "AmazonSQS.SendMessageBatch")
            .body(json!({"QueueUrl": url, "Entries": entries}).to_string());
        let request = request.build().map_err(|error| format!("no request to SQS: {error}"))?;
        let response = signed.send(SERVICE, request).await?;
        let status = response.status();
        if !status.is_success() {
            return Err(format!("the digests of the day cannot be sent: SQS answered {status}"));
        }
        let sent: Sent =
            serde_json::from_slice(&body(SERVICE, response).await?).map_err(|_| "SQS' answer is not JSON")?;
        match sent.successful.len() == due.len() {
            true => Ok(()),
            false => Err(format!("SQS accepted {} of {} digests", sent.successful.len(), due.len())),
        }
    }
}
