//! The action group `payments`.

mod charge_card;
mod get_charge;
// toolgate: modules

use toolgate::prelude::*;

use crate::app::App;

/// The tools of this group.
///
/// # Errors
/// The declaration of a tool is not valid.
pub fn router() -> Result<Router<App>, BuildErrors> {
    Router::builder()
        .group("payments")
        // Agents read it: say what the tools are for.
        .description("Tools for payments.")
        .ledger(|app: &App| &app.ledger)
        .tool(Tool::new("get_charge", get_charge::get_charge).expose(["itemId", "name"]))
        .tool(
            Tool::new("charge_card", charge_card::charge_card)
                // A person agrees first, within a day.
                .confirm(Confirm::within(hours(24)))
                // Equal keys are one effect, however often the call is repeated. It is in another system, so each call holds a
                // lease. The other system should not remember its idempotency keys for longer than this.
                .once(Once::by(charge_card::effect).ttl(days(30)).leased())
                .expose(["reference", "id", "note"]),
        )
        // toolgate: tools
        .build()
}
