//! The errors of InvokeHarness: an HTTP error before the stream begins, an exception frame after that.

use http::StatusCode;
use serde_json::{Value, json};

use crate::{
    conversation::SessionError,
    http::service_model::{FieldProblem, Invalid},
};
use toolgate_models::{ModelError, ModelErrorKind};

/// An error for the caller of InvokeHarness.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub(crate) struct HarnessError {
    pub(crate) kind: Kind,
    pub(crate) message: String,
    fields: Vec<FieldProblem>,
}

/// The service's exceptions that this crate returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    AccessDenied,
    InternalServer,
    ResourceNotFound,
    /// What the harness depends on has failed, for example an MCP server.
    RuntimeClient,
    Throttling,
    /// The body is not JSON.
    CannotParse,
    /// A field is not valid.
    FieldValidation,
    /// The session does not accept the request now.
    Conflict,
}

impl Kind {
    /// The exception's name and its HTTP status.
    fn row(self) -> (&'static str, StatusCode) {
        match self {
            Self::AccessDenied => ("AccessDeniedException", StatusCode::FORBIDDEN),
            Self::InternalServer => ("InternalServerException", StatusCode::INTERNAL_SERVER_ERROR),
            Self::ResourceNotFound => ("ResourceNotFoundException", StatusCode::NOT_FOUND),
            Self::RuntimeClient => ("RuntimeClientError", StatusCode::FAILED_DEPENDENCY),
            Self::Throttling => ("ThrottlingException", StatusCode::TOO_MANY_REQUESTS),
            Self::CannotParse | Self::FieldValidation | Self::Conflict => {
                ("ValidationException", StatusCode::BAD_REQUEST)
            }
        }
    }

    pub(crate) fn name(self) -> &'static str {
        self.row().0
    }

    pub(crate) fn status(self) -> StatusCode {
        self.row().1
    }

    /// `reason` of a `ValidationException`.
    fn reason(self) -> Option<&'static str> {
        match self {
            Self::CannotParse => Some("CannotParse"),
            Self::FieldValidation => Some("FieldValidationFailed"),
            Self::Conflict => Some("ResourceConflict"),
            _ => None,
        }
    }
}

impl HarnessError {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), fields: Vec::new() }
    }

    /// A field that is not valid.
    pub(crate) fn field(name: &str, message: impl Into<String>) -> Self {
        let message = message.into();
        let field = FieldProblem { field: name.to_owned(), constraint: message.clone() };
        Self { kind: Kind::FieldValidation, message, fields: vec![field] }
    }

    /// The members of the exception.
    pub(crate) fn body(&self) -> Value {
        let Some(reason) = self.kind.reason() else { return json!({"message": self.message}) };
        let field = |field: &FieldProblem| json!({"name": field.field, "message": field.constraint});
        let fields: Vec<Value> = self.fields.iter().map(field).collect();
        match fields.is_empty() {
            true => json!({"message": self.message, "reason": reason}),
            false => json!({"message": self.message, "reason": reason, "fieldList": fields}),
        }
    }

    /// The exception of a stream. A stream has fewer kinds than HTTP; the others are errors of what the harness uses.
    pub(crate) fn in_stream(&self) -> (&'static str, Value) {
        match self.kind {
            Kind::AccessDenied | Kind::ResourceNotFound | Kind::Throttling => {
                let message = format!("{}: {}", self.kind.name(), self.message);
                (Kind::RuntimeClient.name(), json!({"message": message}))
            }
            kind => (kind.name(), self.body()),
        }
    }
}

impl From<Invalid> for HarnessError {
    fn from(invalid: Invalid) -> Self {
        Self { kind: Kind::FieldValidation, message: invalid.to_string(), fields: invalid.fields }
    }
}

impl From<SessionError> for HarnessError {
    fn from(error: SessionError) -> Self {
        let message = match error {
            SessionError::Busy => {
                "this session is in the middle of an invocation: wait for its end, or use another session id"
            }
            SessionError::WaitsForNothing => {
                "no call waits for a result in this session: the `toolResult` is unknown or already answered"
            }
        };
        Self::new(Kind::Conflict, message)
    }
}

impl From<ModelError> for HarnessError {
    fn from(error: ModelError) -> Self {
        let kind = match error.kind {
            ModelErrorKind::Throttled => Kind::Throttling,
            ModelErrorKind::AccessDenied => Kind::AccessDenied,
            _ => Kind::RuntimeClient,
        };
        Self::new(kind, error.message)
    }
}
