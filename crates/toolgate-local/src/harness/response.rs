//! Errors as HTTP responses.

use axum::response::Response;

use super::error::HarnessError;
use crate::http::aws_response;

/// An error of an operation: status, `x-amzn-ErrorType` and a body with the message.
pub(super) fn refuse(error: &HarnessError) -> Response {
    aws_response::error(error.kind.status(), error.kind.name(), &error.body())
}
