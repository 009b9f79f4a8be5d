//! Forwards `POST /` with a DynamoDB target to the embedded server, whose router cannot be mounted here.

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Json, Router,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::post,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, StatusCode, header};
use serde_json::json;

use super::recorder::Recorder;
use crate::{
    http::body::{self, Refused},
    http::elsewhere,
};

/// DynamoDB's limit on a request, in bytes.
const REQUEST_BYTES: usize = 16 * 1024 * 1024;

/// Headers that apply to one connection only, or that make the embedded server answer with CORS headers.
const NOT_PASSED_ON: [HeaderName; 7] = [
    header::HOST,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::EXPECT,
    header::ORIGIN,
    header::ACCESS_CONTROL_ALLOW_ORIGIN,
];

#[derive(Debug, Clone)]
pub(super) struct Upstream {
    client: reqwest::Client,
    url: String,
    recorder: Option<Arc<Recorder>>,
}

/// The route that forwards requests to the database at this address. `recorder`: it records the requests of calls.
///
/// # Errors
/// If the HTTP client cannot be created.
pub(crate) fn routes(address: SocketAddr, recorder: Option<Recorder>) -> Result<Router, reqwest::Error> {
    let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(64).build()?;
    let upstream = Upstream { client, url: format!("http://{address}/"), recorder: recorder.map(Arc::new) };
    Ok(Router::new().route("/", post(forward)).with_state(upstream))
}

/// Whether a request is for DynamoDB.
pub(crate) fn is_request(request: &Request) -> bool {
    request.method() == Method::POST && request.uri().path() == "/" && target(request.headers()).starts_with("DynamoDB")
}

pub(super) fn target(headers: &HeaderMap) -> &str {
    headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default()
}

async fn forward(State(upstream): State<Upstream>, request: Request) -> Response {
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
    let answered = match &upstream.recorder {
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

/// The answer of the database.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Upstream {
    /// Sends a request to the database.
    pub(super) async fn send(&self, headers: &HeaderMap, body: Bytes) -> Result<Answer, reqwest::Error> {
        let reply = self.client.post(&self.url).headers(passed_on(headers)).body(body).send().await?;
        let (status, headers) = (reply.status(), passed_on(reply.headers()));
        Ok(Answer { status, headers, body: reply.bytes().await? })
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

fn passed_on(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    for name in &NOT_PASSED_ON {
        headers.remove(name);
    }
    headers
}

fn failure(status: StatusCode, kind: &str, message: &str) -> Response {
    let kind = format!("com.amazonaws.dynamodb.v20120810#{kind}");
    (status, Json(json!({"__type": kind, "message": message}))).into_response()
}
