//! Charge card: has its effect once, in the payment service.

use toolgate::prelude::*;

use super::{Till, service::ChargeRequest};
use crate::app::{App, number, text};

/// Above this, people at the counter take the payment.
const LIMIT_CENTS: i64 = 20_000;

/// Charge the card of a parking session that has ended. Look the session up first: it has the amount.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChargeCardInput {
    /// The id of the session, such as PRK-1002.
    #[validate(length(min = 5, max = 20))]
    session_id: String,
    /// The amount of the session in cents. The person who agrees to the call sees it.
    #[validate(range(min = 1))]
    amount_cents: i64,
}

/// What the tool returns. Only the fields in `.expose([..])` reach the model.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ChargeCardOutput {
    charge_id: String,
    session_id: String,
    amount_cents: i64,
}

/// The rule of the tool.
pub(super) fn up_to_a_limit(_cx: &Cx<Till>, input: &ChargeCardInput) -> Result<(), String> {
    match input.amount_cents <= LIMIT_CENTS {
        true => Ok(()),
        false => Err("amounts above 200.00 are paid at the counter".to_owned()),
    }
}

/// Middleware of this tool: nobody is asked to agree to a charge that cannot be made.
pub(super) async fn while_payable(call: Call<Till>, next: Next<Till>) -> Outcome {
    let session_id = call.input().get("sessionId").and_then(|id| id.as_str()).unwrap_or_default();
    let amount_cents = call.input().get("amountCents").and_then(|amount| amount.as_i64()).unwrap_or_default();
    card(&call.cx().state().app, session_id, amount_cents).await?;
    next.run(call).await
}

/// What makes two calls the same effect: a session is paid once, whatever the amount.
pub(super) fn effect(input: &ChargeCardInput) -> Key {
    key(&input.session_id)
}

/// Runs under a lease, one call at a time. A repeat after a crash runs again, with the same idempotency key.
pub(super) async fn charge_card(cx: Cx<Till>, input: ChargeCardInput) -> Result<ChargeCardOutput, ToolError> {
    let till = cx.state();
    let key = cx.once_key().ok_or_else(|| ToolError::internal("`charge_card` needs `.once(..)`"))?;
    let ChargeCardInput { session_id, amount_cents } = input;
    // Again: time has passed since the middleware, and the person who agreed took some too.
    let card = card(&till.app, &session_id, amount_cents).await?;
    let request = ChargeRequest { reference: &session_id, amount_cents, card: &card };
    let charge = till.service.charge(key.id(), &request).await?;
    Ok(ChargeCardOutput { charge_id: charge.id, session_id, amount_cents: charge.amount_cents })
}

/// The card of a session that has ended and costs this amount.
async fn card(app: &App, session_id: &str, amount_cents: i64) -> Result<String, ToolError> {
    let row = app.row("session", session_id).await?;
    if text(&row, "state") != "ended" {
        return Err(ToolError::refused("the session has not ended yet"));
    }
    match number(&row, "amountCents") {
        amount if amount == amount_cents => Ok(text(&row, "card")),
        amount => Err(ToolError::refused(format!("the session costs {amount} cents"))),
    }
}
