//! `POST /console/api/tools/understand`: how a tool's own schema reads an input. Nothing runs.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    console::{error::ApiError, posted::Posted},
    state::AppState,
};

#[derive(Deserialize)]
pub(crate) struct Input {
    function: String,
    tool: String,
    input: Map<String, Value>,
    /// Bedrock Agents sends an absent value as text, other callers as null.
    wire: Option<String>,
}

pub(crate) async fn understand(
    State(state): State<Arc<AppState>>,
    Posted(asked): Posted<Input>,
) -> Result<Json<Value>, ApiError> {
    let catalog = super::catalog(&state, &asked.function)?;
    let tool = super::tool(&catalog, &asked.tool)?;
    let wire = super::event::wire(asked.wire.as_deref().unwrap_or("direct"))?;
    Ok(Json(read(tool.understand(asked.input, wire))))
}

fn read(understood: Result<Map<String, Value>, Vec<toolgate::Problem>>) -> Value {
    match understood {
        Ok(input) => json!({"understood": input, "problems": []}),
        Err(problems) => json!({"understood": null, "problems": problems}),
    }
}
