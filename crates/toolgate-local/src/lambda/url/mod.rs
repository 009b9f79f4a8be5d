//! A function's URL on a laptop: `/functions/{name}/url/…`. The function sees what it sees behind a function URL or an
//! HTTP API: an event of payload format 2.0, with the claims of a verified caller. The response is buffered, or streamed
//! where the template says `InvokeMode: RESPONSE_STREAM`.
//!
//! <https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html>

mod callers;
pub(crate) mod cors;
mod event;
mod prelude;
mod reply;
mod streamed;

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, Request, State},
    response::{IntoResponse, Response},
    routing::any,
};
use http::{HeaderValue, StatusCode, header, request::Parts};
use serde_json::{Value, json};

use super::{Answer, Event, Functions, InvokeError, Next, PAYLOAD_BYTES, Streamed};
use crate::http::body::{self, Refused};
pub(crate) use callers::UrlCallers;
use cors::Page;
pub(crate) use event::of as event_of;

/// What AWS makes of such a response is not documented, so it is not shown as if it worked.
const STREAM_BEHIND_BUFFERED: &str =
    "it streamed its response, but its URL is buffered: set `InvokeMode: RESPONSE_STREAM` in its `FunctionUrlConfig`";

/// The functions, and who calls their URLs.
#[derive(Clone)]
struct Urls {
    functions: Functions,
    /// Those without tools.
    fronts: Functions,
    callers: Arc<UrlCallers>,
}

impl Urls {
    fn functions(&self, name: &str) -> &Functions {
        if self.fronts.resolve(name).is_ok() { &self.fronts } else { &self.functions }
    }
}

pub(crate) fn routes(functions: Functions, fronts: Functions, callers: UrlCallers) -> Router {
    Router::new()
        .route("/functions/{name}/url", any(root))
        .route("/functions/{name}/url/", any(root))
        .route("/functions/{name}/url/{*path}", any(below))
        .with_state(Urls { functions, fronts, callers: Arc::new(callers) })
}

async fn root(State(urls): State<Urls>, Path(name): Path<String>, request: Request) -> Response {
    answer(&urls, &name, request).await
}

async fn below(State(urls): State<Urls>, Path((name, _)): Path<(String, String)>, request: Request) -> Response {
    answer(&urls, &name, request).await
}

async fn answer(urls: &Urls, name: &str, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let page = Page::of(urls.functions(name), name, &parts.headers);
    if let Some(answer) = page.as_ref().and_then(|page| page.preflight(&parts)) {
        return answer;
    }
    let mut response = respond(urls, name, parts, body).await;
    if let Some(page) = page {
        page.permit(response.headers_mut());
    }
    response
}

async fn respond(urls: &Urls, name: &str, parts: Parts, body: Body) -> Response {
    // the path below the URL, as the client wrote it
    let path = parts.uri.path().splitn(5, '/').nth(4).unwrap_or_default();
    let path = format!("/{path}");
    let body = body::read(body, PAYLOAD_BYTES).await;
    let url = match urls.functions(name).url(name) {
        Ok(url) => url,
        Err(error) => return refused(error),
    };
    let body = match body {
        Ok(body) => body,
        Err(Refused::TooLarge) => return message(StatusCode::PAYLOAD_TOO_LARGE, "Request Too Long"),
        Err(Refused::Broken) => return message(StatusCode::BAD_REQUEST, "Bad Request"),
    };
    // the metadata of a protected resource is public, so a deployment routes it around its authorizer
    let authorizer = match path.starts_with("/.well-known/") {
        true => Value::Null,
        false => match urls.callers.authorizer(&parts.headers, url.auth) {
            Ok(authorizer) => authorizer,
            Err(reason) => {
                let mut response = message(StatusCode::UNAUTHORIZED, &format!("Unauthorized: {reason}"));
                response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
                return response;
            }
        },
    };
    let payload = event::of(name, &path, &parts, &body, authorizer).to_string();
    if payload.len() > PAYLOAD_BYTES {
        return message(StatusCode::PAYLOAD_TOO_LARGE, "Request Too Long");
    }
    let event = Event { payload: payload.into(), is_url: true, ..Event::default() };
    if url.streamed {
        return streamed::answer(urls.functions(name), name, event).await;
    }
    match urls.functions(name).run(name, event).await {
        Ok(invocation) if invocation.function_error.is_some() => failed(),
        Ok(invocation) => reply::of(&invocation.payload).unwrap_or_else(|| {
            if prelude::is_in(&invocation.payload) {
                urls.functions(name).note(name, STREAM_BEHIND_BUFFERED);
            }
            failed()
        }),
        Err(error) => refused(error),
    }
}

fn refused(error: InvokeError) -> Response {
    match error {
        InvokeError::Unknown { .. } => message(StatusCode::NOT_FOUND, &error.to_string()),
        InvokeError::Stopping => message(StatusCode::SERVICE_UNAVAILABLE, &error.to_string()),
    }
}

/// The response to a function error, or to a reply that is not an HTTP response.
fn failed() -> Response {
    message(StatusCode::BAD_GATEWAY, "Internal Server Error")
}

fn message(status: StatusCode, text: &str) -> Response {
    (status, Json::<Value>(json!({"Message": text}))).into_response().map(Body::new)
}
