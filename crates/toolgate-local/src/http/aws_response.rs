//! What every response of an AWS operation has: a request id, and an error in the form that SDKs read.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

/// An error of an operation: status, `x-amzn-ErrorType` and a body with the message.
pub(crate) fn error(status: StatusCode, kind: &'static str, body: &Value) -> Response {
    let mut response = (status, Json(body)).into_response();
    response.headers_mut().insert("x-amzn-errortype", HeaderValue::from_static(kind));
    stamp(response)
}

/// For a known path with an unsupported method.
pub(crate) async fn no_such_method() -> Response {
    let message = "no operation of this path has this method";
    error(StatusCode::METHOD_NOT_ALLOWED, "UnknownOperationException", &json!({"message": message}))
}

/// Adds a request id, which every response has.
pub(crate) fn stamp(mut response: Response) -> Response {
    if let Ok(id) = HeaderValue::from_str(&Uuid::new_v4().to_string()) {
        response.headers_mut().insert("x-amzn-requestid", id);
    }
    response
}
