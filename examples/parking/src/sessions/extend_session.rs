//! Extend session: has its effect once.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use toolgate::prelude::*;
use toolgate_dynamodb::{Commit, CommitError};

use crate::app::App;

// The model reads the doc comments of this type: say what the tool does, when to use it, and the form of each field.
/// Extend session, with a note.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExtendSessionInput {
    /// The id, such as ITM-1001.
    #[validate(length(min = 1, max = 20))]
    item_id: String,
    /// What to write down about it.
    #[validate(length(min = 1, max = 200))]
    note: String,
}

/// What the tool returns. Only the fields in `.expose([..])` reach the model.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExtendSessionOutput {
    reference: String,
    item_id: String,
    note: String,
}

/// What makes two calls the same effect.
pub(super) fn effect(input: &ExtendSessionInput) -> Key {
    key((&input.item_id, &input.note))
}

/// The effect and its record are one transaction.
pub(super) async fn extend_session(
    cx: Cx<App>,
    input: ExtendSessionInput,
) -> Result<Committed<ExtendSessionOutput>, ToolError> {
    let app = cx.state();
    // Your own effect goes here, as writes of this transaction. Until then, this notes something at an item.
    let write = Update::builder()
        .table_name(&app.items)
        .key("itemId", AttributeValue::S(input.item_id.clone()))
        .update_expression("SET note = :note")
        .condition_expression("attribute_exists(itemId)")
        .expression_attribute_values(":note", AttributeValue::S(input.note.clone()))
        .build()
        .map_err(ToolError::internal)?;
    let writes = vec![TransactWriteItem::builder().update(write).build()];
    let output = ExtendSessionOutput {
        reference: uuid::Uuid::new_v4().simple().to_string(),
        item_id: input.item_id,
        note: input.note,
    };
    match cx.commit(&app.ledger, writes, output).await {
        Err(CommitError::Condition { .. }) => Err(ToolError::not_found("there is no such item")),
        committed => Ok(committed?),
    }
}
