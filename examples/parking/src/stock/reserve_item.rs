//! Reserves some of an item, once.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use toolgate::prelude::*;
use toolgate_dynamodb::{Commit, CommitError};

use crate::app::App;

/// Reserve some of an item for an order.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub(super) struct ReserveItem {
    /// The id of the item, such as ITM-1001.
    #[validate(length(min = 5, max = 20))]
    item_id: String,
    /// How many.
    #[validate(range(min = 1, max = 100))]
    quantity: i64,
    /// The order that they are for, such as A-17.
    #[validate(length(min = 1, max = 40))]
    order: String,
}

/// What the tool returns. Only the fields in `.expose([..])` reach the model.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reservation {
    reservation_id: String,
    item_id: String,
    quantity: i64,
}

/// What makes two calls the same reservation.
pub(super) fn effect(input: &ReserveItem) -> Key {
    key((&input.item_id, input.quantity, &input.order))
}

/// The condition of the write decides. The effect and its record are one transaction.
pub(super) async fn reserve_item(cx: Cx<App>, input: ReserveItem) -> Result<Committed<Reservation>, ToolError> {
    let app = cx.state();
    let take = Update::builder()
        .table_name(&app.items)
        .key("itemId", AttributeValue::S(input.item_id.clone()))
        .update_expression("SET available = available - :quantity")
        .condition_expression("available >= :quantity")
        .expression_attribute_values(":quantity", AttributeValue::N(input.quantity.to_string()))
        .build()
        .map_err(ToolError::internal)?;
    let reservation_id = format!("RSV-{}", uuid::Uuid::new_v4().simple());
    let reservation = Reservation { reservation_id, item_id: input.item_id, quantity: input.quantity };
    let writes = vec![TransactWriteItem::builder().update(take).build()];
    match cx.commit(&app.ledger, writes, reservation).await {
        Err(CommitError::Condition { .. }) => Err(ToolError::refused("not so many are available")),
        committed => Ok(committed?),
    }
}
