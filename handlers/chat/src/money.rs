//! The money of a turn: its bound is reserved before it begins, and replaced by its cost when it has ended.
//!
//! The services report tokens after each model turn and offer no way to limit a turn in dollars. Therefore a turn is cut
//! when what is left of its bound does not cover the dearest model turn that may follow. A turn whose end is not known
//! stays booked at its bound.

use std::ops::ControlFlow;

use toolgate::{
    BudgetCharge, ToolError, Usd,
    prices::{Prices, Tokens},
};
use toolgate_dynamodb::{DynamoLedger, Reservation, Reserved, SpendLimit};

use crate::session::Session;

/// The limits, in US dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// For one session, in 24 hours from its first turn.
    pub session: Usd,
    /// For all sessions of one customer, in 24 hours from the first turn.
    pub day: Usd,
    /// For one turn.
    pub turn: Usd,
}

/// Why a front door cannot count its costs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MoneyError {
    /// No model is named.
    #[error("no model is named: name all models that a turn may use, so that their prices are known")]
    NoModel,
    /// The prices are in another currency than the limits.
    #[error("the table of prices is not in US dollars, and the limits are: give it prices in dollars")]
    Currency,
    /// A model has no price.
    #[error("the table of prices, dated {dated}, has no price for the model `{model}`: nobody could keep a budget")]
    NoPrice {
        /// The model.
        model: String,
        /// The table's date.
        dated: String,
    },
    /// The limit of a turn does not cover one model turn.
    #[error("a turn is limited to ${turn}, and one model turn of `{model}` can cost ${dearest}: raise the limit")]
    TurnTooSmall {
        /// The model.
        model: String,
        /// The limit of a turn.
        turn: Dollars,
        /// The most that one model turn can cost.
        dearest: Dollars,
    },
    /// The limits contradict each other.
    #[error("a turn is limited to ${turn}, which is more than the ${limit} of a {of}: no turn could begin")]
    LimitTooSmall {
        /// `session` or `day`.
        of: &'static str,
        /// The limit of a turn.
        turn: Dollars,
        /// The other limit.
        limit: Dollars,
    },
}

/// An amount with six decimal places, without its currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dollars(pub Usd);

impl std::fmt::Display for Dollars {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let micros = self.0.to_micros();
        write!(f, "{}.{:06}", micros / 1_000_000, micros % 1_000_000)
    }
}

/// The budgets of all sessions.
#[derive(Debug, Clone)]
pub struct Money {
    ledger: DynamoLedger,
    prices: Prices,
    limits: Limits,
    models: Vec<String>,
    /// The most that one model turn can cost.
    dearest: Usd,
}

/// The answer to [`Money::begin`].
#[derive(Debug)]
#[must_use]
pub enum Begun {
    /// The turn may begin.
    Turn(Box<Meter>),
    /// The bound of a turn does not fit in a budget any more.
    NoRoom {
        /// Whether it is the budget of the day, and not that of the session.
        is_day: bool,
        /// What the budget has left.
        left: Usd,
    },
}

/// How a turn has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// The service has refused it, and no model has run.
    NotBegun,
    /// All of its model turns have been reported.
    Complete,
    /// The service may have run model turns that nobody reported: the turn was cut, or its connection was.
    Unknown,
}

impl Money {
    /// Budgets in `ledger`. `models` are all models that a turn may use, `output_tokens` the most that one model turn may
    /// write.
    ///
    /// # Errors
    /// A model has no price, or the limits allow no turn.
    pub fn new(
        ledger: DynamoLedger,
        prices: Prices,
        limits: Limits,
        models: Vec<String>,
        output_tokens: u64,
    ) -> Result<Self, MoneyError> {
        if !prices.are_in_dollars() {
            return Err(MoneyError::Currency);
        }
        let mut dearest = Usd::micros(0);
        for model in &models {
            let turn = prices
                .dearest_turn(model, output_tokens)
                .ok_or_else(|| MoneyError::NoPrice { model: model.clone(), dated: prices.dated().to_owned() })?;
            if turn > limits.turn {
                let (model, dearest) = (model.clone(), Dollars(turn));
                return Err(MoneyError::TurnTooSmall { model, turn: Dollars(limits.turn), dearest });
            }
            dearest = dearest.max(turn);
        }
        if models.is_empty() {
            return Err(MoneyError::NoModel);
        }
        for (of, limit) in [("session", limits.session), ("day", limits.day)] {
            if limit < limits.turn {
                let (turn, limit) = (Dollars(limits.turn), Dollars(limit));
                return Err(MoneyError::LimitTooSmall { of, turn, limit });
            }
        }
        Ok(Self { ledger, prices, limits, models, dearest })
    }

    /// The limits.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Reserves the bound of a turn.
    ///
    /// # Errors
    /// The ledger cannot be read or written. The turn must not begin.
    pub async fn begin(&self, session: &Session) -> Result<Begun, ToolError> {
        let identity = session.identity();
        let budget = |session: Option<&str>| BudgetCharge::id_of(session, &identity).unwrap_or_default();
        let id = session.id();
        let of_session = SpendLimit { budget: budget(Some(&id)), limit: self.limits.session };
        let of_day = SpendLimit { budget: budget(None), limit: self.limits.day };
        let day = of_day.budget.clone();
        Ok(match self.ledger.reserve(&[of_session.clone(), of_day], self.limits.turn).await? {
            Reserved::Held(reservation) => {
                let (money, cost) = (self.clone(), Usd::micros(0));
                Begun::Turn(Box::new(Meter { money, reservation, cost, session: of_session }))
            }
            Reserved::NoRoom { budget, left } => Begun::NoRoom { is_day: budget == day, left },
        })
    }
}

/// Counts the costs of a turn that has begun.
#[derive(Debug)]
#[must_use = "a turn that is not settled stays booked at its bound"]
pub struct Meter {
    money: Money,
    reservation: Reservation,
    cost: Usd,
    session: SpendLimit,
}

impl Meter {
    /// Adds a model turn. `Break` if the rest of the bound does not cover another one: the turn must be cut.
    ///
    /// A model that is not named, or has no price, is counted as the dearest one that a turn may use. One that is named
    /// without its inference profile is counted at the price of the profile, where that is higher.
    pub fn add(&mut self, model: Option<&str>, tokens: Tokens) -> ControlFlow<()> {
        let Money { prices, models, limits, dearest, .. } = &self.money;
        let named = model.into_iter().chain(models.iter().map(String::as_str).filter(|known| may_mean(known, model)));
        let cost = named
            .filter_map(|model| prices.cost(model, tokens))
            .max()
            .or_else(|| models.iter().filter_map(|model| prices.cost(model, tokens)).max());
        let cost = cost.unwrap_or(limits.turn);
        self.cost = Usd::micros(self.cost.to_micros().saturating_add(cost.to_micros()));
        match self.cost.to_micros().saturating_add(dearest.to_micros()) > limits.turn.to_micros() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }

    /// The costs so far.
    pub fn cost(&self) -> Usd {
        self.cost
    }

    /// What the ledger counts for the turn if it ends like this.
    pub fn booked(&self, end: End) -> Usd {
        match end {
            End::NotBegun => Usd::micros(0),
            End::Complete => self.cost,
            End::Unknown => self.cost.max(self.reservation.amount()),
        }
    }

    /// Ends the turn. Returns what the session has left, if that can be read.
    ///
    /// # Errors
    /// The ledger cannot be written. The turn stays booked at its bound.
    pub async fn settle(self, end: End) -> Result<Option<Usd>, ToolError> {
        let cost = self.booked(end);
        let ledger = &self.money.ledger;
        ledger.settle(&self.reservation, cost).await?;
        // the turn is settled even if this cannot be read
        let booked = ledger.booked(&self.session.budget).await.ok();
        Ok(booked.map(|booked| Usd::micros(self.session.limit.to_micros().saturating_sub(booked.to_micros()))))
    }
}

/// Whether the name that a service reports may be this model's, without its inference profile: `us.a-model` as `a-model`.
fn may_mean(known: &str, reported: Option<&str>) -> bool {
    let name = reported.map(|reported| reported.rsplit('/').next().unwrap_or(reported));
    name.and_then(|name| known.strip_suffix(name)).is_some_and(|front| front.is_empty() || front.ends_with('.'))
}
