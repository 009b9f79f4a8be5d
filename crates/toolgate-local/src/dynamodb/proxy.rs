//! Forwards `POST /` with a DynamoDB target to the embedded server, whose router cannot be mounted here.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Json, Router,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::post,
};
use http::{Method, StatusCode};
use serde_json::json;

use super::{
    recorder::Recorder,
    upstream::{Upstream, target},
};
use crate::{
    http::body::{self, Refused},
    http::elsewhere,
};

/// DynamoDB's limit on a request, in bytes.
const REQUEST_BYTES: usize = 16 * 1024 * 1024;

#[derive(Debug, Clone)]
struct Proxy {
    upstream: Upstream,
    recorder: Option<Arc<Recorder>>,
}

/// The route that forwards requests to the database at this address. `recorder`: it records the requests of calls.
///
/// # Errors
/// If the HTTP client cannot be created.
pub(crate) fn routes(address: SocketAddr, recorder: Option<Recorder>) -> Result<Router, reqwest::Error> {
    let proxy = Proxy { upstream: Upstream::new(address)?, recorder: recorder.map(Arc::new) };
    Ok(Router::new().route("/", post(forward)).with_state(proxy))
}

/// Whether a request is for DynamoDB.
pub(crate) fn is_request(request: &Request) -> bool {
    request.method() == Method::POST && request.uri().path() == "/" && target(request.headers()).starts_with("DynamoDB")
}

async fn forward(State(Proxy { upstream, recorder }): State<Proxy>, request: Request) -> Response {
    if !is_request(&request) {
        return elsewhere::refuse(request.headers());
    }
    let (parts, body) = request.into_parts();
    let body = match body::read(body, REQUEST_BYTES).await {
        Ok(body) => body,
        Err(Refused::TooLarge) => {
            let message = "the request has more than 16 MB";
            return failure(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLargeException", message);
        }
        Err(Refused::Broken) => {
            return failure(StatusCode::BAD_REQUEST, "SerializationException", "the body could not be read");
        }
    };
    let answered = match recorder {
        Some(recorder) => recorder.send(&upstream, &parts.headers, body).await,
        None => upstream.send(&parts.headers, body).await,
    };
    match answered {
        Ok(answer) => answer.into_response(),
        Err(error) => {
            tracing::error!(%error, "the embedded database does not answer");
            let message = "the embedded database does not answer";
            failure(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", message)
        }
    }
}

fn failure(status: StatusCode, kind: &str, message: &str) -> Response {
    let kind = format!("com.amazonaws.dynamodb.v20120810#{kind}");
    (status, Json(json!({"__type": kind, "message": message}))).into_response()
}
