//! `GET /console/api/turns…`: the last turns, with their spans.

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, Query, State},
    response::{IntoResponse, Response},
    routing::get,
};
use http::{HeaderValue, header};
use serde::Deserialize;
use serde_json::json;

use super::{error::ApiError, events};
use crate::turns::{KEPT, Turns};

/// Default number of turns of a list.
const LIMIT: usize = 50;

/// The routes of the record of turns.
pub(super) fn routes(turns: Turns) -> Router {
    Router::new()
        .route("/console/api/turns", get(list))
        .route("/console/api/turns/{turn}", get(turn))
        .route("/console/api/turns/{turn}/spans/{span}", get(span))
        .route("/console/api/events", get(events::stream))
        .with_state(turns)
}

#[derive(Debug, Deserialize)]
struct Page {
    limit: Option<usize>,
    before: Option<String>,
}

async fn list(State(turns): State<Turns>, Query(page): Query<Page>) -> Response {
    let limit = page.limit.unwrap_or(LIMIT).clamp(1, KEPT);
    let (turns, more) = turns.list(limit, page.before.as_deref());
    Json(json!({"turns": turns, "more": more})).into_response()
}

async fn turn(State(turns): State<Turns>, Path(turn): Path<String>) -> Response {
    turns.turn(&turn).map_or_else(gone, |turn| Json(turn).into_response())
}

async fn span(State(turns): State<Turns>, Path((turn, span)): Path<(String, String)>) -> Response {
    let json = HeaderValue::from_static("application/json");
    let response = |text: String| ([(header::CONTENT_TYPE, json)], Body::from(text)).into_response();
    turns.span(&turn, &span).map_or_else(gone, response)
}

fn gone() -> Response {
    let message = format!("there is no such turn or span; the last {KEPT} turns are kept, up to 64 MiB in all");
    ApiError::not_found(message).into_response()
}
