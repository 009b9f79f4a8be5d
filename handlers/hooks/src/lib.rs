//! Ends an invocation of the harness when the session's budget is used up, and books what an invocation has cost.
//!
//! The event names no model, so every token is booked at the price of the dearest model that the template allows. An
//! invocation whose tokens are not reported uses up the budget. The limit holds from one invocation to the next: one
//! that has begun is not stopped in the middle, and the harness's own limits bound it.
//!
//! What is booked is also a metric, `HarnessCostMicroUsd`, so the sum of the metric is the sum of the ledger.

use std::collections::BTreeMap;

use toolgate::{
    BudgetCharge, Metrics, Unit, Usd,
    hooks::{Decision, HookEvent, Moment, Usage},
};
use toolgate_dynamodb::DynamoLedger;

const PER_MILLION: u64 = 1_000_000;

/// The budget of a session, in US dollars.
#[derive(Debug, Clone)]
pub struct SessionBudget {
    ledger: DynamoLedger,
    limit: Usd,
    input: Usd,
    output: Usd,
    metrics: Metrics,
}

impl SessionBudget {
    /// A budget with its limit, and the prices of a million tokens of input and of output.
    pub fn new(ledger: DynamoLedger, limit: Usd, input: Usd, output: Usd) -> Self {
        Self { ledger, limit, input, output, metrics: Metrics::default() }
    }

    /// Sets where the metrics are written.
    #[must_use]
    pub fn with_metrics(self, metrics: Metrics) -> Self {
        Self { metrics, ..self }
    }

    /// Reads `LEDGER_TABLE`, `SESSION_USD`, `INPUT_USD_PER_MILLION` and `OUTPUT_USD_PER_MILLION`, and the variables of
    /// [`Metrics::from_env`].
    ///
    /// # Errors
    /// A variable is not set, or is not valid.
    pub async fn from_env() -> Result<Self, toolgate::Error> {
        let text = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set"));
        let usd = |name: &str| -> Result<Usd, toolgate::Error> {
            text(name)?.parse().map_err(|_| format!("{name} is not an amount of US dollars").into())
        };
        let ledger = DynamoLedger::new(toolgate_dynamodb::client().await, text("LEDGER_TABLE")?);
        let (input, output) = (usd("INPUT_USD_PER_MILLION")?, usd("OUTPUT_USD_PER_MILLION")?);
        Ok(Self::new(ledger, usd("SESSION_USD")?, input, output).with_metrics(Metrics::from_env()?))
    }

    /// Decides about an event.
    ///
    /// # Errors
    /// The ledger cannot be read or written. The harness then gets a deny.
    pub async fn decide(&self, event: HookEvent) -> Result<Decision, toolgate::Error> {
        let budget = BudgetCharge::id_of(Some(&event.session_id), &BTreeMap::new()).unwrap_or_default();
        match event.moment {
            Moment::BeforeInvocation { .. } => {
                let is_used_up = self.ledger.spent(&budget).await? >= self.limit;
                self.metrics.write(&[("HarnessBudgetRefusals", Unit::Count, is_used_up.into())]);
                Ok(if is_used_up { Decision::deny("this session's budget is used up") } else { Decision::Allow })
            }
            Moment::AfterInvocation { usage, .. } => {
                let cost = usage.map_or(self.limit, |usage| self.cost(usage));
                self.ledger.spend(&budget, cost).await?;
                self.metrics.write(&[("HarnessCostMicroUsd", Unit::Count, cost.to_micros())]);
                Ok(Decision::Allow)
            }
            Moment::BeforeToolCall { .. } | Moment::AfterToolCall { .. } => Ok(Decision::Allow),
            // a moment that this version does not know
            _ => Ok(Decision::deny("the hook does not know this event")),
        }
    }

    /// The cost of an invocation, rounded up to a millionth of a dollar.
    fn cost(&self, usage: Usage) -> Usd {
        let part = |tokens: u64, price: Usd| u128::from(tokens) * u128::from(price.to_micros());
        let sum = part(usage.input_tokens, self.input) + part(usage.output_tokens, self.output);
        Usd::micros(u64::try_from(sum.div_ceil(u128::from(PER_MILLION))).unwrap_or(u64::MAX))
    }
}
