//! A customer's feedback.

use schemars::JsonSchema;
use serde::Deserialize;
use support_desk::{FeedbackRecorded, caller};
use toolgate::{Cx, ToolError};
use validator::Validate;

use crate::state::Support;

/// Record the customer's feedback on this conversation. In one conversation the last feedback counts.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RecordFeedback {
    /// From 1 (bad) to 5 (very good).
    #[validate(range(min = 1, max = 5))]
    rating: u8,
    /// What the customer said about it.
    #[validate(length(max = 1000))]
    comment: Option<String>,
}

pub(crate) async fn record_feedback(cx: Cx<Support>, input: RecordFeedback) -> Result<FeedbackRecorded, ToolError> {
    // another customer may guess the session id alone
    let caller = caller(&cx)?;
    Ok(cx.state().desk.record_feedback(&caller, cx.session_id(), input.rating, input.comment.as_deref()).await?)
}
