//! The body of a request that writes: JSON, and nothing that a web page can send without asking first.
//!
//! A page of another origin can send a form, or text, without a preflight. It cannot send `application/json` so. The guard
//! of the port has checked `Host`, `Origin` and `Sec-Fetch-Site` before; this is the second lock.

use axum::extract::{FromRequest, Request};
use http::{HeaderMap, header};
use serde::de::DeserializeOwned;

use super::error::ApiError;
use crate::http::body::{self, Refused};

/// The largest body, in bytes: an event and a reply of Lambda's largest size.
const BYTES: usize = 16 * 1024 * 1024;
/// The accepted spellings of the content type, in lower case.
const JSON: [&str; 3] = ["application/json", "application/json; charset=utf-8", "application/json;charset=utf-8"];

/// A body that has been read.
pub(super) struct Posted<T>(pub(super) T);

impl<S: Sync, T: DeserializeOwned> FromRequest<S> for Posted<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _state: &S) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            return Err(ApiError::media_type("send the header `content-type: application/json` and a JSON body"));
        }
        let body = match body::read(request.into_body(), BYTES).await {
            Ok(body) => body,
            Err(Refused::TooLarge) => return Err(ApiError::too_large("the body has more than 16 MB")),
            Err(Refused::Broken) => return Err(ApiError::invalid("the body could not be read")),
        };
        match serde_json::from_slice(&body) {
            Ok(read) => Ok(Self(read)),
            Err(error) => Err(ApiError::invalid(format!("the body does not have the documented form: {error}"))),
        }
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(header::CONTENT_TYPE).iter();
    let (Some(kind), None) = (types.next(), types.next()) else { return false };
    kind.to_str().is_ok_and(|kind| JSON.contains(&kind.trim().to_ascii_lowercase().as_str()))
}
