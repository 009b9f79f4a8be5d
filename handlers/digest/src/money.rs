//! The money of the digests: the bound of a model call is reserved before it, and replaced by its cost after it.

use std::collections::BTreeMap;

use toolgate::{
    BudgetCharge, Usd,
    prices::{Prices, Tokens},
};
use toolgate_dynamodb::{DynamoLedger, Reservation, Reserved, SpendLimit};

use crate::Result;

/// What a model counts beside the bytes of a prompt, such as the marks of its messages.
const OVERHEAD: u64 = 500;

/// The budget of all digests in 24 hours.
#[derive(Debug)]
pub(crate) struct Money {
    ledger: DynamoLedger,
    prices: Prices,
    model: String,
    output_tokens: u64,
    limit: SpendLimit,
}

impl Money {
    /// A budget. `largest` is the size of the largest prompt in bytes.
    ///
    /// # Errors
    /// The model has no price, or the limit does not cover one call.
    pub(crate) fn new(
        ledger: DynamoLedger,
        prices: Prices,
        model: String,
        output_tokens: u64,
        limit: Usd,
        largest: u64,
    ) -> Result<Self> {
        if !prices.are_in_dollars() {
            return Err("the table of prices is not in US dollars: give it prices in dollars".to_owned());
        }
        let owner = BTreeMap::from([("function".to_owned(), "digest".to_owned())]);
        let budget = BudgetCharge::id_of(None, &owner).unwrap_or_default();
        let money = Self { ledger, prices, model, output_tokens, limit: SpendLimit { budget, limit } };
        let dearest = money.bound(largest)?;
        if dearest > limit {
            let (limit, dearest) = (limit.to_micros(), dearest.to_micros());
            return Err(format!(
                "DIGEST_USD is {limit} millionths of a dollar, and one digest can cost {dearest}: raise it"
            ));
        }
        Ok(money)
    }

    /// The most that a call with a prompt of this size can cost. A token has at least one byte.
    ///
    /// # Errors
    /// The model has no price.
    pub(crate) fn bound(&self, bytes: u64) -> Result<Usd> {
        let input = bytes.saturating_add(OVERHEAD);
        self.cost(Tokens { input, output: self.output_tokens, ..Tokens::default() })
    }

    /// Reserves an amount. `None` if the budget does not cover it.
    ///
    /// # Errors
    /// The ledger cannot be read or written.
    pub(crate) async fn reserve(&self, amount: Usd) -> Result<Option<Reservation>> {
        let reserved = self.ledger.reserve(std::slice::from_ref(&self.limit), amount).await;
        match reserved.map_err(|error| format!("the budget cannot be reserved: {error}"))? {
            Reserved::Held(reservation) => Ok(Some(reservation)),
            Reserved::NoRoom { .. } => Ok(None),
        }
    }

    /// Replaces a reservation by a cost, which is zero if no model has run. If the ledger cannot be written, the
    /// reservation stays booked, which spends less than the limit. An answer that is paid is not thrown away for that.
    pub(crate) async fn settle(&self, reservation: &Reservation, cost: Usd) {
        if let Err(error) = self.ledger.settle(reservation, cost).await {
            tracing::warn!(cause = %error, "the cost of a digest cannot be booked; it stays booked at its bound");
        }
    }

    /// What a call has cost.
    ///
    /// # Errors
    /// The model has no price.
    pub(crate) fn cost(&self, tokens: Tokens) -> Result<Usd> {
        let Self { prices, model, .. } = self;
        prices.cost(model, tokens).ok_or_else(|| {
            let dated = prices.dated();
            format!("the table of prices, dated {dated}, has no price for the model `{model}`: name one with a price")
        })
    }
}
