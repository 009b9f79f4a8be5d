//! `POST /console/api/tools/send`: invokes a function with an event, as Lambda's Invoke operation does.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    console::{error::ApiError, posted::Posted},
    lambda::{Event, InvokeError, PAYLOAD_BYTES},
    state::AppState,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Sent {
    function: String,
    event: Value,
    client_context: Option<Value>,
}

pub(crate) async fn send(
    State(state): State<Arc<AppState>>,
    Posted(sent): Posted<Sent>,
) -> Result<Json<Value>, ApiError> {
    let payload = sent.event.to_string();
    if payload.len() > PAYLOAD_BYTES {
        return Err(ApiError::too_large(format!("an event has at most {PAYLOAD_BYTES} bytes")));
    }
    let client_context = sent.client_context.map(|context| context.to_string());
    let event = Event { payload: payload.into(), client_context, ..Event::default() };
    let invocation = state.functions.run(&sent.function, event).await.map_err(|error| match error {
        InvokeError::Unknown { .. } => ApiError::not_found(error.to_string()),
        InvokeError::Stopping => ApiError::starting(error.to_string()),
    })?;
    let text = || Value::from(String::from_utf8_lossy(&invocation.payload));
    let reply = serde_json::from_slice(&invocation.payload).unwrap_or_else(|_| text());
    Ok(Json(json!({"reply": reply, "functionError": invocation.function_error, "turn": invocation.turn})))
}
