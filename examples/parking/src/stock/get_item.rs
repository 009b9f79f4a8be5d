//! Reads one item.

use aws_sdk_dynamodb::types::AttributeValue;
use toolgate::prelude::*;

use crate::app::{App, number, text};

/// Look up an item by its id: its name, and how many are available.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub(super) struct GetItem {
    /// The id of the item, such as ITM-1001.
    #[validate(length(min = 5, max = 20))]
    item_id: String,
}

/// What the tool returns. Only the fields in `.expose([..])` reach the model.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Item {
    item_id: String,
    name: String,
    available: i64,
}

pub(super) async fn get_item(cx: Cx<App>, input: GetItem) -> Result<Item, ToolError> {
    let app = cx.state();
    let get = app.client.get_item().table_name(&app.items).key("itemId", AttributeValue::S(input.item_id.clone()));
    match get.send().await.map_err(ToolError::internal)?.item {
        Some(item) => {
            Ok(Item { item_id: input.item_id, name: text(&item, "name"), available: number(&item, "available") })
        }
        None => Err(ToolError::not_found(format!("there is no item `{}`", input.item_id))),
    }
}
