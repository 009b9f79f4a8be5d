//! A request that does not become a turn.

use http::StatusCode;
use serde_json::{Value, json};

/// Why there is no turn: a status and the error body, as of a tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    status: StatusCode,
    kind: &'static str,
    message: String,
}

impl Refusal {
    /// A refusal with a sentence for the author of the client.
    pub fn new(status: StatusCode, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, message: message.into() }
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The body: `{"error": {"kind", "message"}}`.
    pub fn body(&self) -> Value {
        json!({"error": {"kind": self.kind, "message": self.message}})
    }
}
