//! Get session: reads a parking session.

use toolgate::prelude::*;

use crate::app::{App, number, text};

/// Look up a parking session by its id: its zone, its state, its minutes, and what it costs when it has ended.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub(super) struct GetSessionInput {
    /// The id of the session, such as PRK-1001.
    #[validate(length(min = 5, max = 20))]
    session_id: String,
}

/// What the tool returns. The card of the session is not part of it.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct GetSessionOutput {
    session_id: String,
    zone: String,
    /// `running` or `ended`.
    state: String,
    minutes: i64,
    max_minutes: i64,
    /// What the session costs. It is 0 until the session has ended.
    amount_cents: i64,
}

pub(super) async fn get_session(cx: Cx<App>, input: GetSessionInput) -> Result<GetSessionOutput, ToolError> {
    let row = cx.state().row("session", &input.session_id).await?;
    Ok(GetSessionOutput {
        session_id: input.session_id,
        zone: text(&row, "zone"),
        state: text(&row, "state"),
        minutes: number(&row, "minutes"),
        max_minutes: number(&row, "maxMinutes"),
        amount_cents: number(&row, "amountCents"),
    })
}
