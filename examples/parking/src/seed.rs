//! Data for development. `toolgate dev` writes it at its start, and tests write it too.

use aws_sdk_dynamodb::{error::SdkError, operation::put_item::PutItemError, types::AttributeValue};

use crate::app::App;

const ITEMS: [(&str, &str, i64); 3] =
    [("ITM-1001", "Desk, oak", 12), ("ITM-1002", "Chair, grey", 40), ("ITM-1003", "Lamp, brass", 0)];

/// Writes the items that do not exist yet.
///
/// # Errors
/// The table cannot be written.
pub async fn write(app: &App) -> Result<(), toolgate::Error> {
    for (id, name, available) in ITEMS {
        let put = app.client.put_item().table_name(&app.items).condition_expression("attribute_not_exists(itemId)");
        let put = put
            .item("itemId", AttributeValue::S(id.to_owned()))
            .item("name", AttributeValue::S(name.to_owned()))
            .item("available", AttributeValue::N(available.to_string()));
        match put.send().await.map_err(SdkError::into_service_error) {
            Ok(_) | Err(PutItemError::ConditionalCheckFailedException(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
