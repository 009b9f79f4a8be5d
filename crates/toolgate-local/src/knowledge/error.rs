//! The errors of `Retrieve` and `ListKnowledgeBases`.

use http::StatusCode;

use crate::http::service_model::Invalid;

/// An error for a client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KnowledgeError {
    /// The request is not valid.
    #[error("{0}")]
    Invalid(String),
    /// There is no such knowledge base.
    #[error("{0}")]
    NotFound(String),
}

impl KnowledgeError {
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(message.into())
    }

    /// The exception's name and its HTTP status.
    pub(crate) fn row(&self) -> (&'static str, StatusCode) {
        match self {
            Self::Invalid(_) => ("ValidationException", StatusCode::BAD_REQUEST),
            Self::NotFound(_) => ("ResourceNotFoundException", StatusCode::NOT_FOUND),
        }
    }
}

impl From<Invalid> for KnowledgeError {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid.to_string())
    }
}
