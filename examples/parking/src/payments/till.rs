//! The state of this group. The other function has no address of the payment service.

use toolgate::prelude::*;

use super::PaymentService;
use crate::app::App;

/// The tables, and the payment service.
#[derive(Debug, Clone)]
pub struct Till {
    /// What all groups share.
    pub app: App,
    /// The payment service.
    pub service: PaymentService,
    /// Whether payments are switched on.
    pub open: bool,
}

impl Till {
    /// Reads the address of the payment service and the switch from the environment. `template.yaml` sets them.
    ///
    /// # Errors
    /// A variable is not set.
    pub async fn from_env() -> Result<Self, toolgate::Error> {
        let variable = |name: &str| std::env::var(name).map_err(|_| format!("{name} must be set"));
        let service = PaymentService::new(variable("PAYMENTS_URL")?)?;
        Ok(Self { app: App::from_env().await?, service, open: variable("PAYMENTS")? == "on" })
    }
}

/// Middleware of the whole router: a switch for the time when the payment service has an outage.
pub(super) async fn while_open(call: Call<Till>, next: Next<Till>) -> Outcome {
    match call.cx().state().open {
        true => next.run(call).await,
        false => Err(ToolError::refused("payments are switched off at the moment")),
    }
}
