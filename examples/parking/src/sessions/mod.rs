//! The action group `sessions`: parking sessions and the tariffs of zones.

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
        .description("Parking sessions: look one up, extend it, and the tariff of a zone.")
        .ledger(|app: &App| &app.ledger)
        .tool(Tool::new("get_session", get_session::get_session).expose([
            "sessionId",
            "zone",
            "state",
            "minutes",
            "maxMinutes",
            "amountCents",
        ]))
        .tool(
            Tool::new("extend_session", extend_session::extend_session)
                .require("whole quarters of an hour", extend_session::whole_quarters)
                // A person agrees first, within a day.
                .confirm(Confirm::within(hours(24)))
                // Equal keys are one effect, however often the call is repeated.
                .once(Once::by(extend_session::effect).ttl(hours(48)))
                .expose(["sessionId", "minutes"]),
        )
        .tool(
            // Tariffs change by night. A session changes any minute, so `get_session` has no cache.
            Tool::new("get_tariff", get_tariff::get_tariff).cache(Cache::shared(minutes(10))).expose([
                "zone",
                "name",
                "centsPerHour",
                "maxMinutes",
            ]),
        )
        // toolgate: tools
        .build()
}
