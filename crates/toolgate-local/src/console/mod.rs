//! The console of `toolgate dev`: its page, and the JSON API that the page and other programs use.
//!
//! `docs/console.md` describes the API. A GET reads; a POST writes, and takes JSON only.

mod approvals;
mod error;
mod events;
mod files;
mod posted;
mod reset;
mod saved;
mod state;
mod tools;
mod turns;

use std::sync::Arc;

use axum::{
    Router,
    extract::Request,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use http::{HeaderName, HeaderValue, Method, StatusCode, header};

use crate::state::AppState;
use approvals::Parked;
use error::ApiError;

/// The path of the API.
const API: &str = "/console/api/";
const STATE: &str = "/console/api/state";

pub(crate) fn routes(state: Arc<AppState>) -> Router {
    let approvals = Router::new()
        .route("/console/api/approvals", get(approvals::list))
        .route("/console/api/approvals/{id}/{decision}", post(approvals::decide))
        .with_state(Parked::new(Arc::clone(&state)));
    let api = Router::new()
        .route(STATE, get(state::read))
        .route("/console/api/tools/understand", post(tools::understand))
        .route("/console/api/tools/event", post(tools::event))
        .route("/console/api/tools/send", post(tools::send))
        .route("/console/api/reset", post(reset::reset))
        .route("/console/api/tests", post(saved::save))
        .route("/console/api/tests/preview", post(saved::preview))
        .route("/console/api/{*path}", any(unknown))
        .with_state(Arc::clone(&state))
        .merge(approvals)
        .merge(state.turns.clone().map(turns::routes).unwrap_or_default())
        .layer(middleware::from_fn(private));
    files::routes().merge(api)
}

/// Whether a request is answered while the local agent starts: the page says so itself.
pub(crate) fn is_early(request: &Request) -> bool {
    let path = request.uri().path();
    let reads = [Method::GET, Method::HEAD].contains(request.method());
    reads && (path == "/" || path == STATE || (is_console(request) && !path.starts_with(API)))
}

/// Whether a request is for the console.
pub(crate) fn is_console(request: &Request) -> bool {
    request.uri().path().starts_with("/console/")
}

/// The answer of the API until the local agent is ready.
pub(crate) fn not_ready(message: &str) -> Response {
    ApiError::starting(message).into_response()
}

async fn unknown() -> ApiError {
    ApiError::not_found("the console's API has no such path, or not with this method; `docs/console.md` lists them")
}

/// Answers of the API are not kept by the browser, and are not read as anything but JSON. What refuses a request before
/// its handler, such as a query that is not valid, answers in text; the API has one form of errors.
async fn private(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let is_json = response.headers().get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/json");
    response = match response.status() {
        status @ StatusCode::METHOD_NOT_ALLOWED => (status, unknown().await).into_response(),
        status if status.is_client_error() && !is_json => {
            ApiError::invalid("the path or the query is not valid; `docs/console.md` lists them").into_response()
        }
        _ => response,
    };
    let headers = response.headers_mut();
    for (name, value) in [("cache-control", "no-store"), ("x-content-type-options", "nosniff")] {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    response
}
