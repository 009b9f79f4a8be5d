//! The note of a digest on a topic: where it is, and nothing that a customer has written.
//! <https://docs.aws.amazon.com/sns/latest/api/API_Publish.html>

use form_urlencoded::Serializer;
use reqwest::header::CONTENT_TYPE;
use serde_json::json;

use crate::{Result, http::Signed, message::Due};

const SERVICE: &str = "sns";

/// The topic.
#[derive(Debug)]
pub(crate) struct Notes {
    pub(crate) signed: Signed,
    pub(crate) topic: String,
    pub(crate) bucket: String,
    /// Replaces the address of the service.
    pub(crate) endpoint: Option<String>,
}

impl Notes {
    /// Publishes the note of a digest.
    ///
    /// # Errors
    /// The topic has not taken it, or its answer was lost.
    pub(crate) async fn publish(&self, due: &Due, answers: usize) -> Result<()> {
        let Self { signed, topic, bucket, endpoint } = self;
        let Due { customer_id, date } = due;
        let note = json!({
            "customerId": customer_id, "date": date, "bucket": bucket, "key": due.key(), "answers": answers,
        });
        let pairs = [
            ("Action", "Publish"),
            ("Version", "2010-03-31"),
            ("TopicArn", topic.as_str()),
            ("Message", &note.to_string()),
        ];
        let form = Serializer::new(String::new()).extend_pairs(pairs).finish();
        let address = endpoint.clone().unwrap_or_else(|| format!("https://sns.{}.amazonaws.com/", signed.region));
        let request = signed.http.post(address).header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(form);
        let request = request.build().map_err(|error| format!("no request to SNS: {error}"))?;
        let status = signed.send(SERVICE, request).await?.status();
        match status.is_success() {
            true => Ok(()),
            false => Err(format!("the note of a digest was not published: SNS answered {status}")),
        }
    }
}
