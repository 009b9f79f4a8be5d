//! Data for development. `toolgate dev` writes it at its start, and tests write it too.

use aws_sdk_dynamodb::{error::SdkError, operation::put_item::PutItemError, types::AttributeValue};

use crate::app::App;

/// Session, state, minutes, and what an ended session costs in cents.
const SESSIONS: [(&str, &str, i64, i64); 4] = [
    ("PRK-1001", "running", 60, 0),
    ("PRK-1002", "ended", 90, 450),
    ("PRK-1003", "ended", 240, 1_200),
    ("PRK-1004", "running", 240, 0),
];

/// Writes the sessions and the zone that do not exist yet.
///
/// # Errors
/// The table cannot be written.
pub async fn write(app: &App) -> Result<(), toolgate::Error> {
    let text = |value: &str| AttributeValue::S(value.to_owned());
    let number = |value: i64| AttributeValue::N(value.to_string());
    let zone = [("id", text("ZONE-1")), ("name", text("North station")), ("centsPerHour", number(300))];
    put(app, zone.into_iter().chain([("maxMinutes", number(240))])).await?;
    for (id, state, minutes, cents) in SESSIONS {
        let session =
            [("id", text(id)), ("zone", text("ZONE-1")), ("state", text(state)), ("card", text("card-on-file"))];
        let numbers = [("minutes", minutes), ("maxMinutes", 240), ("amountCents", cents)];
        put(app, session.into_iter().chain(numbers.map(|(name, value)| (name, number(value))))).await?;
    }
    Ok(())
}

async fn put(app: &App, row: impl Iterator<Item = (&str, AttributeValue)>) -> Result<(), toolgate::Error> {
    let put = app.client.put_item().table_name(&app.parking).condition_expression("attribute_not_exists(id)");
    let put = row.fold(put, |put, (name, value)| put.item(name, value));
    match put.send().await.map_err(SdkError::into_service_error) {
        Ok(_) | Err(PutItemError::ConditionalCheckFailedException(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
