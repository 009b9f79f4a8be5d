//! A digest, as it is stored: the answers to the requests of one customer on one date.

use serde::{Deserialize, Serialize};

/// A digest, as it is stored.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Digest {
    pub(crate) customer_id: String,
    pub(crate) date: String,
    pub(crate) model: String,
    pub(crate) answers: Vec<Answer>,
}

/// The answer to one request.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Answer {
    pub(crate) request_id: String,
    pub(crate) question: String,
    /// `None` if the guardrail did not let the model answer. A person has to.
    pub(crate) answer: Option<String>,
}
