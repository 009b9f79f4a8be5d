//! Maps failed calls of Converse to error messages for the user, and decides whether a retry may succeed.

use std::{error::Error, fmt::Debug, time::Duration};

use aws_sdk_bedrockruntime::{
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
    types::error::ConverseStreamOutputError as InStream,
};

use crate::{
    model::ModelErrorKind as Kind,
    retry::{AttemptError, RetryAfter},
};

/// Converts the SDK's error to an [`AttemptError`]. Uses the service's own message if there is one.
pub(super) fn explain<E, R>(error: &SdkError<E, R>, model: &str) -> AttemptError
where
    E: ProvideErrorMetadata + Error + 'static,
    R: Debug + WithHeaders,
{
    let Some(service) = error.as_service_error() else { return unreachable(error, model) };
    let asked = error.raw_response().and_then(WithHeaders::retry_after);
    let (kind, again) = meaning(service.code().unwrap_or_default());
    let again = match (again, asked) {
        (RetryAfter::Soon, Some(wait)) => RetryAfter::After(wait),
        (again, _) => again,
    };
    attempt_error(kind, service.message(), model, again)
}

/// The same for an exception inside a stream. Only its type determines the code.
pub(super) fn explain_event<R: Debug>(error: &SdkError<InStream, R>, model: &str) -> AttemptError {
    let Some(service) = error.as_service_error() else { return unreachable(error, model) };
    let (kind, again) = meaning(match service {
        InStream::ThrottlingException(_) => "ThrottlingException",
        InStream::ValidationException(_) => "ValidationException",
        InStream::ServiceUnavailableException(_) => "ServiceUnavailableException",
        InStream::InternalServerException(_) => "InternalServerException",
        InStream::ModelStreamErrorException(_) => "ModelStreamErrorException",
        other => other.code().unwrap_or_default(),
    });
    attempt_error(kind, service.message(), model, again)
}

fn attempt_error(kind: Kind, message: Option<&str>, model: &str, again: RetryAfter) -> AttemptError {
    let message = message.unwrap_or("the model failed without a message");
    // "Input is too long for requested model.", "prompt is too long: 210000 tokens > 200000 maximum"
    let kind = if kind == Kind::Invalid && message.contains("is too long") { Kind::TooLong } else { kind };
    AttemptError::new(kind, format!("model `{model}`: {message}"), again)
}

fn meaning(code: &str) -> (Kind, RetryAfter) {
    match code {
        "ThrottlingException" => (Kind::Throttled, RetryAfter::Soon),
        "ServiceQuotaExceededException" => (Kind::Throttled, RetryAfter::Never),
        "AccessDeniedException"
        | "UnrecognizedClientException"
        | "ExpiredTokenException"
        | "InvalidSignatureException" => (Kind::AccessDenied, RetryAfter::Never),
        "ResourceNotFoundException" => (Kind::NotFound, RetryAfter::Never),
        "ValidationException" => (Kind::Invalid, RetryAfter::Never),
        "ModelNotReadyException" => (Kind::NotReady, RetryAfter::Soon),
        // The model processed the request and failed. A retry would most likely fail again, at the same price.
        "ModelErrorException" | "ModelTimeoutException" => (Kind::Unavailable, RetryAfter::Never),
        // InternalServer, ServiceUnavailable, ModelStreamError, and the equivalents of a proxy.
        _ => (Kind::Unavailable, RetryAfter::Soon),
    }
}

/// No response of the service: no credentials, no region, no network, a timeout, or a broken connection.
fn unreachable<E, R>(error: &SdkError<E, R>, model: &str) -> AttemptError
where
    E: Error + 'static,
    R: Debug,
{
    let text = DisplayErrorContext(error).to_string();
    if text.contains("credentials") || text.contains("Credentials") {
        return AttemptError::new(
            Kind::AccessDenied,
            "no AWS credentials for Bedrock: run `aws configure` or `aws sso login`, or choose a `script:` model",
            RetryAfter::Never,
        );
    }
    let again = if matches!(error, SdkError::ConstructionFailure(_)) { RetryAfter::Never } else { RetryAfter::Soon };
    AttemptError::new(Kind::Unavailable, format!("Bedrock could not be reached for model `{model}`: {text}"), again)
}

/// The retry hint of an HTTP response, if it has one.
pub(super) trait WithHeaders {
    fn retry_after(&self) -> Option<Duration>;
}

impl WithHeaders for aws_sdk_bedrockruntime::config::http::HttpResponse {
    fn retry_after(&self) -> Option<Duration> {
        self.headers().get("retry-after")?.parse().ok().map(Duration::from_secs)
    }
}
