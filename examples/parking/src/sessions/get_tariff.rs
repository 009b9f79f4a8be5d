//! Get tariff: reads an item.

use aws_sdk_dynamodb::types::AttributeValue;
use toolgate::prelude::*;

use crate::app::{App, text};

// The model reads the doc comments of this type: say what the tool does, when to use it, and the form of each field.
/// Get tariff, by its id.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub(super) struct GetTariffInput {
    /// The id, such as ITM-1001.
    #[validate(length(min = 1, max = 20))]
    item_id: String,
}

/// What the tool returns. Only the fields in `.expose([..])` reach the model.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct GetTariffOutput {
    item_id: String,
    name: String,
}

pub(super) async fn get_tariff(cx: Cx<App>, input: GetTariffInput) -> Result<GetTariffOutput, ToolError> {
    // Your own work goes here. Until then, this reads the name of an item.
    let app = cx.state();
    let get = app.client.get_item().table_name(&app.items).key("itemId", AttributeValue::S(input.item_id.clone()));
    match get.send().await.map_err(ToolError::internal)?.item {
        Some(item) => Ok(GetTariffOutput { item_id: input.item_id, name: text(&item, "name") }),
        None => Err(ToolError::not_found(format!("there is no item `{}`", input.item_id))),
    }
}
