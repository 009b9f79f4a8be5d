//! Implements the `Ledger` trait with the modules of this crate.

use std::time::SystemTime;

use serde_json::Value;
use toolgate::{
    Answered, Approval, ApprovalRequest, BudgetCharge, Lease, Ledger, LedgerFuture, OnceKey, Question, ToolError, Usd,
};

use crate::{approval, charge, elicit, lease, table::DynamoLedger};

impl DynamoLedger {
    /// Adds a cost, for example of an agent's models, to a session's budget. `budget` is the id from
    /// [`BudgetCharge::id_of`]. The limit applies to the next tool call.
    ///
    /// # Errors
    /// The write to the table failed.
    pub async fn spend(&self, budget: &str, cost: Usd) -> Result<(), ToolError> {
        charge::spend(self, budget, cost).await
    }

    /// The costs that were added to a session's budget in its current window.
    ///
    /// # Errors
    /// The table cannot be read, or its sum cannot be.
    pub async fn spent(&self, budget: &str) -> Result<Usd, ToolError> {
        charge::spent(self, budget).await
    }
}

impl Ledger for DynamoLedger {
    fn charge<'a>(&'a self, charge: &'a BudgetCharge, once: Option<&'a OnceKey>) -> LedgerFuture<'a, ()> {
        Box::pin(charge::charge(self, charge, once))
    }

    fn approval<'a>(&'a self, request: &'a ApprovalRequest, once: Option<&'a OnceKey>) -> LedgerFuture<'a, Approval> {
        Box::pin(approval::ask(self, request, once))
    }

    fn elicit<'a>(&'a self, request: &'a ApprovalRequest, once: Option<&'a OnceKey>) -> LedgerFuture<'a, Question> {
        Box::pin(elicit::ask(self, request, once))
    }

    fn answer<'a>(&'a self, request: &'a ApprovalRequest, id: &'a str, accepted: bool) -> LedgerFuture<'a, Answered> {
        Box::pin(elicit::answer(self, request, id, accepted))
    }

    fn find<'a>(&'a self, once: &'a OnceKey) -> LedgerFuture<'a, ()> {
        Box::pin(self.look(once))
    }

    fn lease<'a>(&'a self, key: &'a OnceKey, until: SystemTime) -> LedgerFuture<'a, Lease> {
        Box::pin(lease::begin(self, key, until))
    }

    fn finish<'a>(&'a self, key: &'a OnceKey, lease: &'a Lease, reply: &'a Value) -> LedgerFuture<'a, ()> {
        Box::pin(lease::finish(self, key, lease, reply))
    }

    fn release<'a>(&'a self, key: &'a OnceKey, lease: &'a Lease) -> LedgerFuture<'a, ()> {
        Box::pin(lease::release(self, key, lease))
    }
}
