//! Forwards `POST /` with a DynamoDB target to the embedded server, whose router cannot be mounted here.

use std::net::SocketAddr;

use axum::{
    Json, Router,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::post,
};
use http::{HeaderMap, HeaderName, Method, StatusCode, header};
use serde_json::json;

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
struct Upstream {
    client: reqwest::Client,
    url: String,
}

/// The route that forwards requests to the database at this address.
///
/// # Errors
/// If the HTTP client cannot be created.
pub(crate) fn routes(address: SocketAddr) -> Result<Router, reqwest::Error> {
    let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(64).build()?;
    Ok(Router::new().route("/", post(forward)).with_state(Upstream { client, url: format!("http://{address}/") }))
}

/// Whether a request is for DynamoDB.
pub(crate) fn is_request(request: &Request) -> bool {
    request.method() == Method::POST && request.uri().path() == "/" && target(request.headers()).starts_with("DynamoDB")
}

fn target(headers: &HeaderMap) -> &str {
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
    let request = upstream.client.post(&upstream.url).headers(passed_on(&parts.headers)).body(body);
    match answer(request).await {
        Ok(response) => response,
        Err(error) => {
            tracing::error!(%error, "the embedded database does not answer");
            let message = "the embedded database does not answer";
            failure(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError", message)
        }
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Result<Response, reqwest::Error> {
    let reply = request.send().await?;
    let (status, headers) = (reply.status(), passed_on(reply.headers()));
    let mut response = Response::new(Body::from(reply.bytes().await?));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
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
