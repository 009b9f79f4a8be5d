//! What a failed Converse call means to the person at the keyboard.

use aws_sdk_bedrockruntime::{
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
    operation::converse::ConverseError,
};

use crate::models::{ModelError, ModelErrorKind as Kind};

/// The SDK's error as a [`ModelError`], with the service's own words where there are any.
pub(super) fn explain<R>(error: &SdkError<ConverseError, R>, model_id: &str) -> ModelError
where
    R: std::fmt::Debug,
{
    let Some(service) = error.as_service_error() else {
        // Without an answer of the service: no credentials, no region, no network, a time-out.
        let text = DisplayErrorContext(error).to_string();
        if text.contains("credentials") || text.contains("Credentials") {
            return ModelError::new(
                Kind::AccessDenied,
                "no AWS credentials for Bedrock: run `aws configure` or `aws sso login`, or choose a `script:` model",
            );
        }
        return ModelError::new(
            Kind::Unavailable,
            format!("Bedrock could not be reached for model `{model_id}`: {text}"),
        );
    };
    let kind = match service {
        ConverseError::ThrottlingException(_) => Kind::Throttled,
        ConverseError::AccessDeniedException(_) => Kind::AccessDenied,
        ConverseError::ResourceNotFoundException(_) => Kind::NotFound,
        ConverseError::ValidationException(_) => Kind::Invalid,
        ConverseError::ModelNotReadyException(_) => Kind::NotReady,
        other => match other.code() {
            Some("UnrecognizedClientException" | "ExpiredTokenException" | "InvalidSignatureException") => {
                Kind::AccessDenied
            }
            Some("ServiceQuotaExceededException") => Kind::Throttled,
            _ => Kind::Unavailable,
        },
    };
    let said = service.message().unwrap_or("the model failed without a message");
    ModelError::new(kind, format!("model `{model_id}`: {said}"))
}
