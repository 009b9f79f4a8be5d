//! Implements the `Ledger` trait with the modules of this crate.

use std::time::SystemTime;

use serde_json::Value;
use toolgate::{
    Answered, Approval, ApprovalRequest, BudgetCharge, Lease, Ledger, LedgerFuture, OnceKey, Question, ToolError, Usd,
};

use crate::{
    approval, charge, elicit, lease,
    reserve::{self, Reservation, Reserved, SpendLimit},
    table::DynamoLedger,
};

impl DynamoLedger {
    /// Adds a cost, for example of an agent's models, to a session's budget. `budget` is the id from
    /// [`BudgetCharge::id_of`]. The limit applies to the next tool call.
    ///
    /// # Errors
    /// The write to the table failed.
    pub async fn spend(&self, budget: &str, cost: Usd) -> Result<(), ToolError> {
        Box::pin(charge::spend(self, budget, cost)).await
    }

    /// The costs that were added to a session's budget in its current window.
    ///
    /// # Errors
    /// The table cannot be read, or its sum cannot be.
    pub async fn spent(&self, budget: &str) -> Result<Usd, ToolError> {
        Box::pin(charge::spent(self, budget)).await
    }

    /// The costs of a budget in its current window, with what is reserved for turns that run or have died.
    ///
    /// # Errors
    /// The table cannot be read, or its sum cannot be.
    pub async fn booked(&self, budget: &str) -> Result<Usd, ToolError> {
        Box::pin(charge::booked(self, budget)).await
    }

    /// Books the most that a turn can cost before it begins, in all budgets or in none. However many turns begin at the
    /// same time, what they book never exceeds a limit. [`settle`](Self::settle) replaces the amount by the cost. A turn
    /// that dies before stays booked until the window of 24 hours ends.
    ///
    /// The function's role needs `dynamodb:GetItem` and `UpdateItem` on `budget#*` of the ledger's table, and `PutItem` and
    /// `DeleteItem` on `reserved#*`.
    ///
    /// # Errors
    /// The table cannot be read or written, a sum in it cannot be read, or a budget is named twice. An amount may be
    /// booked then, and nobody can settle it.
    pub async fn reserve(&self, limits: &[SpendLimit], amount: Usd) -> Result<Reserved, ToolError> {
        Box::pin(reserve::reserve(self, limits, amount)).await
    }

    /// Replaces what a turn has reserved by what it has cost. A cost above the reservation is booked too. A second
    /// settlement of the same reservation changes nothing.
    ///
    /// # Errors
    /// The table cannot be written. The reservation stays booked, and may be settled again.
    pub async fn settle(&self, reservation: &Reservation, cost: Usd) -> Result<(), ToolError> {
        Box::pin(reserve::settle(self, reservation, cost)).await
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
