//! Why a turn did not end as it should, and what is known of its costs.
//!
//! A service's own message may repeat what the customer wrote. It reaches neither the customer nor the log, which gets
//! the code of the error.

use aws_sdk_bedrockagentruntime::{
    config::http::HttpResponse,
    error::{ProvideErrorMetadata, SdkError},
};
use aws_smithy_types::error::ErrorMetadata;
use http::StatusCode;

use crate::money::End;

/// A turn that did not end as it should. The text is for the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", reason.sentence())]
pub struct TurnError {
    reason: Reason,
    end: End,
}

/// Why a turn did not end as it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The service is busy, and stays so.
    Throttled,
    /// The session works on another turn.
    SessionBusy,
    /// The answers do not fit the open questions.
    InvalidAnswers,
    /// The service has refused the turn.
    Refused,
    /// The request was sent, and no answer to it has come.
    Unclear,
    /// The turn has failed after its first event.
    HalfWay,
    /// The agent asks for something that a customer cannot answer.
    Unanswerable,
    /// An answer is longer than the limit.
    TooLong,
    /// The conversation is longer than what the model can read.
    ConversationTooLong,
    /// The turn has taken too long.
    TimedOut,
    /// The turn has taken too many steps.
    TooManySteps,
    /// A hook has ended the turn.
    HookStopped,
    /// A filter has stopped the answer.
    Filtered,
    /// The model has written what the service cannot read.
    Malformed,
    /// The service has stopped the turn for a reason that this version does not know.
    Stopped,
}

impl Reason {
    /// Whether the client has caused it, so that it says nothing about the front door: two turns of a session at the same
    /// time, or answers to no question.
    pub fn is_the_clients(self) -> bool {
        matches!(self, Self::SessionBusy | Self::InvalidAnswers)
    }

    /// A name for the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::SessionBusy => "session busy",
            Self::InvalidAnswers => "invalid answers",
            Self::Refused => "refused",
            Self::Unclear => "unclear",
            Self::HalfWay => "half way",
            Self::Unanswerable => "unanswerable",
            Self::TooLong => "too long",
            Self::ConversationTooLong => "conversation too long",
            Self::TimedOut => "timed out",
            Self::TooManySteps => "too many steps",
            Self::HookStopped => "hook stopped",
            Self::Filtered => "filtered",
            Self::Malformed => "malformed",
            Self::Stopped => "stopped",
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::Throttled => {
                "the assistant is busy, and nothing has begun: wait a minute, then send the message again"
            }
            Self::SessionBusy => {
                "this session still works on an earlier message, and nothing new has begun: wait for its end, then send \
                 the message again"
            }
            Self::InvalidAnswers => {
                "the answers do not fit the open questions, and nothing has begun: answer all questions of the last turn \
                 in one request, or send a message"
            }
            Self::Refused => "the assistant cannot take the message, and nothing has begun: try again later",
            Self::Unclear => {
                "the connection to the assistant broke, and it is not known whether the turn has begun: look at what has \
                 changed before you ask again"
            }
            Self::HalfWay => {
                "the turn failed half way, and what its tools have done stays done: look at what has changed before you \
                 ask again"
            }
            Self::Unanswerable => {
                "the assistant asks for something that this application cannot give it: ask for something else"
            }
            Self::TooLong => {
                "the answer has reached its length limit and is not complete, and what the tools have done stays done: \
                 ask for less at once"
            }
            Self::ConversationTooLong => {
                "this conversation has become too long for the assistant, and what the tools have done stays done: begin \
                 a new session"
            }
            Self::TimedOut => {
                "the turn has reached its time limit, and what its tools have done stays done: ask for less at once"
            }
            Self::TooManySteps => {
                "the turn has reached its limit of steps, and what its tools have done stays done: ask for less at once"
            }
            Self::HookStopped => {
                "a rule of this application has ended the turn, and what its tools have done stays done: ask for \
                 something else, or try again later"
            }
            Self::Filtered => {
                "a filter has stopped the answer, and what the tools have done stays done: ask in other words"
            }
            Self::Malformed => {
                "the assistant wrote what cannot be read, and what its tools have done stays done: look at what has \
                 changed before you ask again"
            }
            Self::Stopped => {
                "the assistant has stopped early, and what its tools have done stays done: look at what has changed \
                 before you ask again"
            }
        }
    }
}

impl TurnError {
    /// An error after which nothing has begun.
    pub(super) fn not_begun(reason: Reason) -> Self {
        Self { reason, end: End::NotBegun }
    }

    /// An error with what is known of the costs.
    pub(super) fn new(reason: Reason, end: End) -> Self {
        Self { reason, end }
    }

    /// The reason.
    pub fn reason(self) -> Reason {
        self.reason
    }

    /// What is known of the costs.
    pub fn end(self) -> End {
        self.end
    }

    /// The error of a request that has no stream.
    ///
    /// Only what the service itself refuses has not begun. A connection that breaks, and an error of the service's own
    /// parts, can come after a model has run.
    pub(super) fn before<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Self {
        let status = error.raw_response().map(|response| response.status().as_u16());
        let status = status.and_then(|status| StatusCode::from_u16(status).ok());
        let metadata = error.as_service_error().map(ProvideErrorMetadata::meta);
        let code = metadata.and_then(ErrorMetadata::code).unwrap_or_default();
        let reason = match (code, status) {
            _ if matches!(error, SdkError::ConstructionFailure(_)) || is_connection_refused(error) => Reason::Refused,
            (code, _) if is_throttle(code) => Reason::Throttled,
            (_, Some(StatusCode::TOO_MANY_REQUESTS)) => Reason::Throttled,
            // without a code it is not the service's own word, and the turn may have begun behind what has answered
            (code, Some(StatusCode::SERVICE_UNAVAILABLE)) if !code.is_empty() => Reason::Throttled,
            (_, Some(StatusCode::CONFLICT)) => Reason::SessionBusy,
            // something that the agent needs has failed
            (_, Some(StatusCode::FAILED_DEPENDENCY)) => Reason::Unclear,
            (_, Some(status)) if status.is_client_error() => Reason::Refused,
            _ => Reason::Unclear,
        };
        let end = if reason == Reason::Unclear { End::Unknown } else { End::NotBegun };
        tracing::warn!(code, status = status.map(|status| status.as_u16()), reason = reason.name(), "the turn failed");
        Self { reason, end }
    }

    /// The error of a stream, whose turn has begun. `kind` is for the log.
    pub(super) fn within(kind: &str) -> Self {
        tracing::warn!(code = kind, reason = Reason::HalfWay.name(), "the turn failed");
        Self { reason: Reason::HalfWay, end: End::Unknown }
    }

    /// The same error with a better reason, if the service has refused the turn.
    pub(super) fn explained(self, reason: Reason) -> Self {
        if self.reason == Reason::Refused { Self { reason, ..self } } else { self }
    }
}

/// The code of a service's error; empty if it has none.
pub(super) fn code_of<E: ProvideErrorMetadata, R>(error: &SdkError<E, R>) -> &str {
    error.as_service_error().and_then(ProvideErrorMetadata::code).unwrap_or_default()
}

/// Whether a code means that the same request may be accepted later.
pub(super) fn is_throttle(code: &str) -> bool {
    matches!(
        code,
        "ThrottlingException" | "ServiceQuotaExceededException" | "TooManyRequestsException" | "ModelNotReadyException"
    )
}

/// Whether nothing listens at the service's address.
fn is_connection_refused<E, R>(error: &SdkError<E, R>) -> bool {
    let SdkError::DispatchFailure(failure) = error else { return false };
    let mut cause: Option<&(dyn std::error::Error + 'static)> =
        failure.as_connector_error().and_then(std::error::Error::source);
    while let Some(error) = cause {
        if error.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == std::io::ErrorKind::ConnectionRefused) {
            return true;
        }
        cause = error.source();
    }
    false
}
