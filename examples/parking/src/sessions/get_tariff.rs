//! Get tariff: reads the tariff of a zone.

use toolgate::prelude::*;

use crate::app::{App, number, text};

/// Look up what parking costs in a zone, and how long it may last.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub(super) struct GetTariffInput {
    /// The zone, such as ZONE-1. A session has it.
    #[validate(length(min = 6, max = 20))]
    zone: String,
}

/// What the tool returns. Only the fields in `.expose([..])` reach the model.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct GetTariffOutput {
    zone: String,
    name: String,
    cents_per_hour: i64,
    max_minutes: i64,
}

pub(super) async fn get_tariff(cx: Cx<App>, input: GetTariffInput) -> Result<GetTariffOutput, ToolError> {
    let row = cx.state().row("zone", &input.zone).await?;
    Ok(GetTariffOutput {
        zone: input.zone,
        name: text(&row, "name"),
        cents_per_hour: number(&row, "centsPerHour"),
        max_minutes: number(&row, "maxMinutes"),
    })
}
