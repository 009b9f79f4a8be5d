//! The desk: the state of every operation.

use std::time::SystemTime;

use aws_sdk_dynamodb::{Client, types::TransactWriteItem};
use toolgate::Metrics;
use toolgate_dynamodb::DynamoLedger;

use crate::{clock::Clock, tables::Tables};

/// The support desk: its tables, its clock, and whether calls without a customer are allowed.
#[derive(Debug, Clone)]
pub struct Desk {
    pub(crate) client: Client,
    pub(crate) tables: Tables,
    pub(crate) clock: Clock,
    ledger: DynamoLedger,
    unbound: bool,
    pub(crate) metrics: Metrics,
}

/// Writes for one transaction together with the ledger's record, and the output of these writes. A plan has no effect
/// until it is committed. The conditions of the writes decide whether that is possible.
#[derive(Debug, Clone)]
pub struct Plan<O> {
    /// The writes.
    pub items: Vec<TransactWriteItem>,
    /// What the tool returns once they are committed.
    pub output: O,
}

impl AsRef<Desk> for Desk {
    fn as_ref(&self) -> &Desk {
        self
    }
}

impl Desk {
    /// Creates a desk. It refuses calls without a customer unless [`allow_unbound`](Self::allow_unbound) is used.
    pub fn new(client: Client, tables: Tables, clock: Clock) -> Self {
        let ledger = DynamoLedger::new(client.clone(), tables.ledger.clone());
        // a handler without tools that need approval has no approvals table
        let ledger = match tables.approvals.as_str() {
            "" => ledger,
            approvals => ledger.with_approvals(approvals),
        };
        Self { client, tables, clock, ledger, unbound: false, metrics: Metrics::default() }
    }

    /// Sets where the desk's own metrics are written.
    #[must_use]
    pub fn with_metrics(mut self, metrics: Metrics) -> Self {
        self.metrics = metrics;
        self
    }

    /// Allows calls without a customer. Such a session sees all customers.
    #[must_use]
    pub fn allow_unbound(mut self) -> Self {
        self.unbound = true;
        self
    }

    /// Sets another clock for the expiry of the ledger's records, for tests that move time.
    #[must_use]
    pub fn with_ledger_clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.ledger = self.ledger.with_clock(now);
        self
    }

    /// The desk of this process: tables, clock, metrics and `SUPPORT_DESK_UNBOUND` from the environment.
    ///
    /// # Errors
    /// A variable is not valid.
    pub async fn from_env() -> Result<Self, toolgate::Error> {
        Self::with_client(toolgate_dynamodb::client().await)
    }

    /// As [`from_env`](Self::from_env), with a client that the process has.
    ///
    /// # Errors
    /// A variable is not valid.
    pub fn with_client(client: Client) -> Result<Self, toolgate::Error> {
        let clock = Clock::from_env()?;
        let unbound = match std::env::var("SUPPORT_DESK_UNBOUND").as_deref() {
            Ok("allow") => true,
            Ok("deny" | "") | Err(_) => false,
            Ok(other) => return Err(format!("SUPPORT_DESK_UNBOUND must be `allow` or `deny`, not `{other}`").into()),
        };
        let desk = Self::new(client, Tables::from_env(), clock).with_metrics(Metrics::from_env()?);
        Ok(if unbound { desk.allow_unbound() } else { desk })
    }

    /// The store of exactly-once calls, budgets and parked calls.
    pub fn ledger(&self) -> &DynamoLedger {
        &self.ledger
    }

    pub(crate) fn allows_unbound(&self) -> bool {
        self.unbound
    }
}
