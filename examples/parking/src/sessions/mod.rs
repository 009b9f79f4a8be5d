//! The action group `sessions`.

mod extend_session;
mod get_session;
mod get_tariff;
// toolgate: modules

use toolgate::prelude::*;

use crate::app::App;

/// The tools of this group.
///
/// # Errors
/// The declaration of a tool is not valid.
pub fn router() -> Result<Router<App>, BuildErrors> {
    Router::builder()
        .group("sessions")
        // Agents read it: say what the tools are for.
        .description("Tools for sessions.")
        .ledger(|app: &App| &app.ledger)
        .tool(Tool::new("get_session", get_session::get_session).expose(["itemId", "name"]))
        .tool(
            Tool::new("extend_session", extend_session::extend_session)
                // A person agrees first, within a day.
                .confirm(Confirm::within(hours(24)))
                // Equal keys are one effect, however often the call is repeated.
                .once(Once::by(extend_session::effect).ttl(hours(48)))
                .expose(["reference", "itemId", "note"]),
        )
        .tool(Tool::new("get_tariff", get_tariff::get_tariff).expose(["itemId", "name"]))
        // toolgate: tools
        .build()
}
