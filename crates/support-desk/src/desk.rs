//! The desk: what every operation works with.

use std::time::SystemTime;

use aws_sdk_dynamodb::{Client, types::TransactWriteItem};
use toolgate_dynamodb::DynamoLedger;

use crate::{clock::Clock, tables::Tables};

/// The support desk: tables, clock, and who may call unbound.
#[derive(Debug, Clone)]
pub struct Desk {
    pub(crate) client: Client,
    pub(crate) tables: Tables,
    pub(crate) clock: Clock,
    ledger: DynamoLedger,
    unbound: bool,
}

/// Writes that belong in one transaction with the ledger's record, and the output that they stand for. Nothing has
/// happened yet; the writes' conditions judge.
#[derive(Debug, Clone)]
pub struct Plan<O> {
    /// The writes.
    pub items: Vec<TransactWriteItem>,
    /// What the tool returns once they are committed.
    pub output: O,
}

impl Desk {
    /// A desk. Calls without a customer are refused until [`allow_unbound`](Self::allow_unbound).
    pub fn new(client: Client, tables: Tables, clock: Clock) -> Self {
        let ledger = DynamoLedger::new(client.clone(), tables.ledger.clone());
        // a handler without such tools has no table of parked calls
        let ledger = match tables.approvals.as_str() {
            "" => ledger,
            approvals => ledger.with_approvals(approvals),
        };
        Self { client, tables, clock, ledger, unbound: false }
    }

    /// Lets the desk itself call: sessions without a customer see all customers.
    #[must_use]
    pub fn allow_unbound(mut self) -> Self {
        self.unbound = true;
        self
    }

    /// Judges what the ledger remembers by another clock than the system's: for tests that move time.
    #[must_use]
    pub fn with_ledger_clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.ledger = self.ledger.with_clock(now);
        self
    }

    /// The desk of this process: tables, clock and `SUPPORT_DESK_UNBOUND` from the environment.
    ///
    /// # Errors
    /// A variable makes no sense.
    pub async fn from_env() -> Result<Self, toolgate::Error> {
        let clock = Clock::from_env()?;
        let unbound = match std::env::var("SUPPORT_DESK_UNBOUND").as_deref() {
            Ok("allow") => true,
            Ok("deny" | "") | Err(_) => false,
            Ok(other) => return Err(format!("SUPPORT_DESK_UNBOUND must be `allow` or `deny`, not `{other}`").into()),
        };
        let desk = Self::new(toolgate_dynamodb::client().await, Tables::from_env(), clock);
        Ok(if unbound { desk.allow_unbound() } else { desk })
    }

    /// Where exactly-once calls, budgets and parked calls are remembered.
    pub fn ledger(&self) -> &DynamoLedger {
        &self.ledger
    }

    pub(crate) fn allows_unbound(&self) -> bool {
        self.unbound
    }
}
