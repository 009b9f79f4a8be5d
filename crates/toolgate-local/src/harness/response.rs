//! Errors as HTTP responses.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::HeaderValue;
use uuid::Uuid;

use super::error::HarnessError;

/// An error of an operation: status, `x-amzn-ErrorType` and a body with the message.
pub(super) fn refuse(error: &HarnessError) -> Response {
    let mut response = (error.kind.status(), Json(error.body())).into_response();
    response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(error.kind.name()));
    stamp(response)
}

/// Adds a request id, which every response has.
pub(super) fn stamp(mut response: Response) -> Response {
    if let Ok(id) = HeaderValue::from_str(&Uuid::new_v4().to_string()) {
        response.headers_mut().insert("x-amzn-requestid", id);
    }
    response
}
