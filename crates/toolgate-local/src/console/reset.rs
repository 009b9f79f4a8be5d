//! `POST /console/api/reset`: empties the tables and runs the seed program again. Functions keep running. As at the
//! start, agents and functions answer 503 until it is done.

use std::sync::{Arc, atomic::Ordering};

use axum::{Json, extract::State};
use serde_json::{Map, Value, json};

use super::{error::ApiError, posted::Posted};
use crate::{dynamodb::DatabaseError, state::AppState, turns::Topic};

pub(super) async fn reset(
    State(state): State<Arc<AppState>>,
    Posted(_): Posted<Map<String, Value>>,
) -> Result<Json<Value>, ApiError> {
    if state.resetting.swap(true, Ordering::AcqRel) {
        return Err(ApiError::conflict("the tables are being reset already; wait until it is done"));
    }
    let begun = Begun(state);
    let tables = begun.0.template.tables.len();
    // A task of its own: it runs to its end even if the client disconnects.
    let done = tokio::spawn(begun.run());
    match done.await {
        Ok(Ok(())) => Ok(Json(json!({"tables": tables}))),
        Ok(Err(problem)) => Err(problem),
        Err(_) => Err(ApiError::failed("the reset ended; reset the tables again")),
    }
}

/// A reset that runs. It ends when this value is dropped.
struct Begun(Arc<AppState>);

impl Begun {
    async fn run(self) -> Result<(), ApiError> {
        let state = Arc::clone(&self.0);
        let filled = state.refill().await;
        // Pages read again what has changed, and are answered.
        drop(self);
        if let Some(turns) = &state.turns {
            [Topic::Approvals, Topic::State].into_iter().for_each(|topic| turns.touch(topic));
        }
        filled
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.0.resetting.store(false, Ordering::Release);
    }
}

impl AppState {
    async fn refill(self: &Arc<Self>) -> Result<(), ApiError> {
        let own = Arc::clone(self);
        let emptied = tokio::task::spawn_blocking(move || {
            own.database.alone(|| {
                own.database.confirm_writes(false)?;
                let emptied = own.database.empty(&own.template.tables);
                own.database.confirm_writes(true)?;
                emptied
            })
        });
        let emptied = emptied.await.map_err(|error| ApiError::failed(error.to_string()))?;
        emptied.map_err(|error| match error {
            DatabaseError::InUse { path } => ApiError::conflict(format!(
                "another `toolgate dev` uses the tables in `{}`; stop it before you reset them",
                path.display()
            )),
            error => ApiError::failed(error.to_string()),
        })?;
        match &self.seeding {
            Some(seeding) => seeding.fill(&self.database).await.map_err(|error| ApiError::failed(error.to_string())),
            None => Ok(()),
        }
    }
}
