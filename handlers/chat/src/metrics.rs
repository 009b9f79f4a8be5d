//! The metrics of a turn: one line per turn.
//!
//! A line has counts, tokens, costs and a duration, and no customer, session or text.

use std::time::Duration;

use toolgate::{Metrics, Unit, prices::Tokens};

/// What is counted of one turn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// The turn has failed.
    pub is_error: bool,
    /// The turn was cut, since its bound was used up.
    pub is_cut: bool,
    /// A budget had no room for the turn.
    pub is_refused: bool,
    /// How often the service was too busy.
    pub throttles: u64,
    /// The tokens of the model turns.
    pub tokens: Tokens,
    /// What the ledger counts for the turn, in millionths of a dollar.
    pub cost_micros: u64,
    /// How long the turn took.
    pub latency: Duration,
}

impl Counts {
    /// Writes the line of the turn.
    pub fn write(&self, metrics: &Metrics) {
        let Tokens { input, output, cache_read, cache_write } = self.tokens;
        metrics.write(&[
            ("Turns", Unit::Count, 1),
            ("TurnErrors", Unit::Count, u64::from(self.is_error)),
            ("TurnsCut", Unit::Count, u64::from(self.is_cut)),
            ("BudgetRefusals", Unit::Count, u64::from(self.is_refused)),
            ("ModelThrottles", Unit::Count, self.throttles),
            // from the prompt cache as well
            ("InputTokens", Unit::Count, input.saturating_add(cache_read).saturating_add(cache_write)),
            ("OutputTokens", Unit::Count, output),
            ("CostMicroUsd", Unit::Count, self.cost_micros),
            ("TurnLatency", Unit::Milliseconds, u64::try_from(self.latency.as_millis()).unwrap_or(u64::MAX)),
        ]);
    }
}
