//! `POST /console/api/tests`: keeps a call as a fixture event of its function, which the project's own tests replay.
//! Files are only added, and only into the folder of that function's events.

mod files;
mod place;

use std::sync::Arc;

use axum::{Json, extract::State};
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{error::ApiError, posted::Posted};
use crate::state::AppState;
use files::Fixture;
use place::Place;

const NAME_LENGTH: usize = 64;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Call {
    function: String,
    name: String,
    event: Value,
    client_context: Option<Value>,
    reply: Value,
}

/// Shows the files that would be written. Nothing is written.
pub(super) async fn preview(
    State(state): State<Arc<AppState>>,
    Posted(call): Posted<Call>,
) -> Result<Json<Value>, ApiError> {
    let (place, fixtures) = read(&state, call).await?;
    let mut files = Vec::new();
    let mut diff = String::new();
    for fixture in &fixtures {
        let (path, exists) = (place.shown(&fixture.file), place.has(&fixture.file));
        if !exists {
            diff += &fixture.diff(&path);
        }
        files.push(json!({"path": path, "exists": exists, "text": fixture.text}));
    }
    Ok(Json(json!({"files": files, "diff": diff})))
}

/// Writes the files.
pub(super) async fn save(
    State(state): State<Arc<AppState>>,
    Posted(call): Posted<Call>,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let (place, fixtures) = read(&state, call).await?;
    place.write(&fixtures)?;
    let files: Vec<String> = fixtures.iter().map(|fixture| place.shown(&fixture.file)).collect();
    Ok((StatusCode::CREATED, Json(json!({"files": files}))))
}

async fn read(state: &AppState, call: Call) -> Result<(Place, Vec<Fixture>), ApiError> {
    let is_plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
    if call.name.is_empty() || call.name.len() > NAME_LENGTH || !call.name.bytes().all(is_plain) {
        let message = format!("a test's name has 1 to {NAME_LENGTH} characters of `a` to `z`, `0` to `9`, `_` and `-`");
        return Err(ApiError::invalid(message));
    }
    let function = state.functions.resolve(&call.function).map_err(|error| ApiError::not_found(error.to_string()))?;
    let place = Place::of(&state.template.path, function).await?;
    let context = call.client_context.filter(|context| !context.is_null());
    // A context that is there already would be read with this event.
    let stale = Fixture::context_file(&call.name);
    if context.is_none() && place.has(&stale) {
        return Err(ApiError::conflict(format!("`{}` exists; choose another name", place.shown(&stale))));
    }
    Ok((place, Fixture::of(&call.name, call.event, context, call.reply)))
}
