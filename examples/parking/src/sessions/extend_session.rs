//! Extend session: has its effect once.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use toolgate::prelude::*;
use toolgate_dynamodb::{Commit, CommitError};

use crate::app::App;

/// Extend a running parking session to a new total of minutes.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExtendSessionInput {
    /// The id of the session, such as PRK-1001.
    #[validate(length(min = 5, max = 20))]
    session_id: String,
    /// The new length of the whole session in minutes, in steps of 15: 120 for a session of 90 and half an hour more.
    #[validate(range(min = 15, max = 1440))]
    total_minutes: i64,
}

/// What the tool returns. Only the fields in `.expose([..])` reach the model.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExtendSessionOutput {
    session_id: String,
    minutes: i64,
}

/// The rule of the tool. It runs before a person is asked.
pub(super) fn whole_quarters(_cx: &Cx<App>, input: &ExtendSessionInput) -> Result<(), String> {
    match input.total_minutes % 15 {
        0 => Ok(()),
        _ => Err("parking is sold in steps of 15 minutes".to_owned()),
    }
}

/// What makes two calls the same effect. With a total, half an hour more and again half an hour more are two effects.
pub(super) fn effect(input: &ExtendSessionInput) -> Key {
    key((&input.session_id, input.total_minutes))
}

/// The condition of the write decides. The effect and its record are one transaction.
pub(super) async fn extend_session(
    cx: Cx<App>,
    input: ExtendSessionInput,
) -> Result<Committed<ExtendSessionOutput>, ToolError> {
    let app = cx.state();
    let write = Update::builder()
        .table_name(&app.parking)
        .key("id", AttributeValue::S(input.session_id.clone()))
        .update_expression("SET minutes = :total")
        // A session becomes only longer, so an old call cannot shorten it.
        .condition_expression("#state = :running AND minutes < :total AND maxMinutes >= :total")
        .expression_attribute_names("#state", "state")
        .expression_attribute_values(":running", AttributeValue::S("running".to_owned()))
        .expression_attribute_values(":total", AttributeValue::N(input.total_minutes.to_string()))
        .build()
        .map_err(ToolError::internal)?;
    let writes = vec![TransactWriteItem::builder().update(write).build()];
    let output = ExtendSessionOutput { session_id: input.session_id, minutes: input.total_minutes };
    match cx.commit(&app.ledger, writes, output).await {
        Err(CommitError::Condition { .. }) => Err(ToolError::refused(
            "the session is not running, is as long already, or would be longer than its zone allows; look it up",
        )),
        committed => Ok(committed?),
    }
}
