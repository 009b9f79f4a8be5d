//! The action group `stock`: what is in stock, and reservations.

mod get_item;
mod reserve_item;
// toolgate: modules

use toolgate::prelude::*;

use crate::app::App;

/// The tools of this group.
///
/// # Errors
/// The declaration of a tool is not valid.
pub fn router() -> Result<Router<App>, BuildErrors> {
    Router::builder()
        .group("stock")
        .description("What is in stock, and reservations.")
        .ledger(|app: &App| &app.ledger)
        .tool(Tool::new("get_item", get_item::get_item).expose(["itemId", "name", "available"]))
        .tool(
            Tool::new("reserve_item", reserve_item::reserve_item)
                // A person agrees first, within a day.
                .confirm(Confirm::within(hours(24)))
                // Equal keys are one effect, however often the call is repeated.
                .once(Once::by(reserve_item::effect).ttl(hours(48)))
                .expose(["reservationId", "itemId", "quantity"]),
        )
        // toolgate: tools
        .build()
}
