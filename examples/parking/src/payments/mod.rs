//! The action group `payments`: charges for parking sessions, by a payment service.

mod charge_card;
mod get_charge;
mod service;
mod till;
// toolgate: modules

use toolgate::prelude::*;

pub use self::{service::PaymentService, till::Till};

/// The tools of this group.
///
/// # Errors
/// The declaration of a tool is not valid.
pub fn router() -> Result<Router<Till>, BuildErrors> {
    Router::builder()
        .group("payments")
        .description("Payments for parking sessions: charge the card of a session, and look up its charge.")
        .ledger(|till: &Till| &till.app.ledger)
        // Around both tools.
        .with(till::while_open)
        .tool(Tool::new("get_charge", get_charge::get_charge).expose(["chargeId", "sessionId", "amountCents"]))
        .tool(
            Tool::new("charge_card", charge_card::charge_card)
                .require("large amounts are for people", charge_card::up_to_a_limit)
                .with(charge_card::while_payable)
                // A person agrees first, within a day.
                .confirm(Confirm::within(hours(24)))
                // The charge is in another system, so the call runs under a lease. The payment service remembers its
                // idempotency keys for 24 hours, which is less.
                .once(Once::by(charge_card::effect).ttl(days(30)).leased())
                .expose(["chargeId", "sessionId", "amountCents"]),
        )
        // toolgate: tools
        .build()
}
