//! The embedded database, behind its own HTTP server.

use std::net::SocketAddr;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, StatusCode, header};

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
}

/// The answer of the database.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Upstream {
    /// The database at this address.
    ///
    /// # Errors
    /// If the HTTP client cannot be created.
    pub(super) fn new(address: SocketAddr) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(64).build()?;
        Ok(Self { client, url: format!("http://{address}/") })
    }

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

/// The operation of a request, as its header names it.
pub(super) fn target(headers: &HeaderMap) -> &str {
    headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default()
}
