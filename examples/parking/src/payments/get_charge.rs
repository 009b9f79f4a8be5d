//! Get charge: asks the payment service for the charge of a session.

use toolgate::prelude::*;

use super::Till;

/// Look up the charge for a parking session: whether it is paid, and how much was charged.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub(super) struct GetChargeInput {
    /// The id of the session, such as PRK-1001.
    #[validate(length(min = 5, max = 20))]
    session_id: String,
}

/// What the tool returns. Only the fields in `.expose([..])` reach the model.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct GetChargeOutput {
    charge_id: String,
    session_id: String,
    amount_cents: i64,
}

pub(super) async fn get_charge(cx: Cx<Till>, input: GetChargeInput) -> Result<GetChargeOutput, ToolError> {
    let till = cx.state();
    // Only ids that the operator has written go into an address.
    till.app.row("session", &input.session_id).await?;
    let charge = till.service.find(&input.session_id).await?;
    Ok(GetChargeOutput { charge_id: charge.id, session_id: charge.reference, amount_cents: charge.amount_cents })
}
