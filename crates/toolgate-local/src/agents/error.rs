//! The errors of InvokeAgent: an HTTP error before the stream begins, an exception frame after that.

use http::StatusCode;
use serde_json::{Value, json};

use crate::{conversation::SessionError, http::service_model::Invalid};
use toolgate_models::{ModelError, ModelErrorKind};

/// An error for the caller of InvokeAgent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(crate) struct AgentError {
    pub(crate) kind: Kind,
    /// The text that the service would return.
    pub(crate) message: String,
    /// Details that only the local agent has, for the trace and the log.
    pub(crate) hint: Option<String>,
    /// The resource that failed, if the exception has a member for it.
    pub(crate) resource: Option<String>,
}

/// The service's exceptions that this crate returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    AccessDenied,
    BadGateway,
    Conflict,
    DependencyFailed,
    InternalServer,
    ModelNotReady,
    ResourceNotFound,
    Throttling,
    Validation,
}

impl Kind {
    /// The exception's name and its HTTP status.
    fn row(self) -> (&'static str, StatusCode) {
        match self {
            Self::AccessDenied => ("AccessDeniedException", StatusCode::FORBIDDEN),
            Self::BadGateway => ("BadGatewayException", StatusCode::BAD_GATEWAY),
            Self::Conflict => ("ConflictException", StatusCode::CONFLICT),
            Self::DependencyFailed => ("DependencyFailedException", StatusCode::FAILED_DEPENDENCY),
            Self::InternalServer => ("InternalServerException", StatusCode::INTERNAL_SERVER_ERROR),
            Self::ModelNotReady => ("ModelNotReadyException", StatusCode::FAILED_DEPENDENCY),
            Self::ResourceNotFound => ("ResourceNotFoundException", StatusCode::NOT_FOUND),
            Self::Throttling => ("ThrottlingException", StatusCode::TOO_MANY_REQUESTS),
            Self::Validation => ("ValidationException", StatusCode::BAD_REQUEST),
        }
    }

    /// The exception's name. In a stream it starts with a lower-case letter.
    pub(crate) fn name(self) -> &'static str {
        self.row().0
    }

    pub(crate) fn status(self) -> StatusCode {
        self.row().1
    }
}

impl AgentError {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hint: None, resource: None }
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(Kind::Validation, message)
    }

    /// The service's exact text for a function that failed (without a space after "request.").
    pub(crate) fn lambda_failed(arn: &str, error: &str, hint: impl Into<String>) -> Self {
        let message = format!(
            "Your request couldn't be completed. Lambda function {arn} encountered a problem while processing request.\
             The error message from the Lambda function is {error}. \
             Check the Lambda function log for error details, then try your request again after fixing the error."
        );
        let resource = Some(arn.to_owned());
        Self { kind: Kind::DependencyFailed, message, hint: Some(hint.into()), resource }
    }

    /// The service's exact text for a reply that is not in the required form.
    pub(crate) fn malformed_reply(arn: &str, hint: impl Into<String>) -> Self {
        let message = "The server encountered an error processing the Lambda response. Check the Lambda response and retry the request";
        let resource = Some(arn.to_owned());
        Self { kind: Kind::DependencyFailed, message: message.to_owned(), hint: Some(hint.into()), resource }
    }

    /// The members of the exception.
    pub(crate) fn body(&self) -> Value {
        match &self.resource {
            Some(resource) => json!({"message": self.message, "resourceName": resource}),
            None => json!({"message": self.message}),
        }
    }
}

impl From<ModelError> for AgentError {
    fn from(error: ModelError) -> Self {
        let kind = match error.kind {
            ModelErrorKind::Throttled => Kind::Throttling,
            ModelErrorKind::AccessDenied => Kind::AccessDenied,
            ModelErrorKind::NotFound => Kind::ResourceNotFound,
            ModelErrorKind::Invalid => Kind::Validation,
            ModelErrorKind::NotReady => Kind::ModelNotReady,
            ModelErrorKind::Unavailable => Kind::BadGateway,
            ModelErrorKind::TooLong | ModelErrorKind::BadAnswer => Kind::DependencyFailed,
        };
        Self::new(kind, error.message)
    }
}

impl From<SessionError> for AgentError {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Busy => Self::new(Kind::Conflict, error.to_string()),
            SessionError::WaitsForNothing => Self::invalid(error.to_string()),
        }
    }
}

impl From<Invalid> for AgentError {
    fn from(invalid: Invalid) -> Self {
        Self::invalid(invalid.to_string())
    }
}

/// Why an agent's turn ended without an answer.
#[derive(Debug)]
pub(crate) enum Ended {
    /// An error.
    Failed(AgentError),
    /// The agent asks the user a question. The answer is the next input.
    Asked(String),
    /// The user sent a new input instead of an answer.
    Dropped,
}

impl From<AgentError> for Ended {
    fn from(error: AgentError) -> Self {
        Self::Failed(error)
    }
}
