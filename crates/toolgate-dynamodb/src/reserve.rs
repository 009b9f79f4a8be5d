//! Money that is reserved before it is spent: no number of turns at the same time spends more than a limit.
//!
//! A reservation is one transaction: an item `reserved#<128 random bits>`, and the amount added to `bookedMicros` of
//! each budget, on the condition that it fits under the budget's limit. The settlement is one transaction too: it
//! deletes that item, and replaces the amount by the cost. `costMicros` has settled costs only, because the gates of
//! the tools compare it while a turn runs. A reservation that is never settled stays booked until its window ends.

use std::fmt;

use aws_sdk_dynamodb::{
    error::{BuildError, SdkError},
    operation::transact_write_items::TransactWriteItemsError,
    types::{
        AttributeValue, CancellationReason, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
    },
};
use toolgate::{ToolError, Usd};

use crate::{
    charge::{self, A_DAY},
    fault::{contention, describe, is_condition, is_passing, is_unclear, passes, unavailable},
    item::{Item, Read, number, text},
    keys::RESERVED,
    retry,
    table::DynamoLedger,
};

const OPERATION: &str = "TransactWriteItems";

/// A budget and its limit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpendLimit {
    /// The budget's id, from [`BudgetCharge::id_of`](toolgate::BudgetCharge::id_of).
    pub budget: String,
    /// The limit for one window of 24 hours, which begins with the first cost.
    pub limit: Usd,
}

/// The answer to [`DynamoLedger::reserve`].
#[derive(Debug)]
#[must_use]
pub enum Reserved {
    /// The amount is booked.
    Held(Reservation),
    /// It does not fit, and nothing is booked.
    NoRoom {
        /// The budget that has too little left.
        budget: String,
        /// What it has left.
        left: Usd,
    },
}

/// An amount that is booked, until [`DynamoLedger::settle`] replaces it by the cost.
#[must_use]
pub struct Reservation {
    id: String,
    amount: Usd,
    /// The budgets, with the end of the window in which they are booked.
    windows: Vec<(String, u64)>,
}

impl Reservation {
    /// The amount.
    pub fn amount(&self) -> Usd {
        self.amount
    }
}

impl fmt::Debug for Reservation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reservation").field("amount", &self.amount).finish_non_exhaustive()
    }
}

/// What is known of a budget's window.
#[derive(Debug, Clone, Copy)]
enum Window {
    /// The budget has no item.
    None,
    /// The item's `expiresAt`. It may have passed.
    Until(u64),
}

impl Window {
    fn of(budget: &str, item: Option<&Item>) -> Result<Self, ToolError> {
        let Some(item) = item else { return Ok(Self::None) };
        // a budget that cannot be read is never treated as a new one
        let unreadable = |name: &str| ToolError::internal(format!("`{name}` of `{budget}` is not a whole number"));
        if item.contains_key("bookedMicros") {
            item.number("bookedMicros").ok_or_else(|| unreadable("bookedMicros"))?;
        }
        item.number("expiresAt").map(Self::Until).ok_or_else(|| unreadable("expiresAt"))
    }
}

/// Books `amount` in all budgets, or in none.
pub(crate) async fn reserve(ledger: &DynamoLedger, limits: &[SpendLimit], amount: Usd) -> Result<Reserved, ToolError> {
    let id = format!("{RESERVED}{:032x}", rand::random::<u128>());
    if let Some(limit) = limits.iter().find(|limit| limit.limit < amount) {
        let booked = charge::booked(ledger, &limit.budget).await?;
        return Ok(no_room(limit, booked));
    }
    let mut windows = Vec::new();
    for limit in limits {
        windows.push(Window::of(&limit.budget, charge::item(ledger, &limit.budget).await?.as_ref())?);
    }
    // One instant for all attempts: where a response was lost, the windows of a later attempt are those of the earlier one.
    let now = ledger.clock.now();
    let mut attempt = 1;
    loop {
        let booking = Booking::new(ledger, limits, &windows, amount, now);
        let items = booking.items(&id).map_err(ToolError::internal)?;
        let held = || {
            let windows = booking.parts.iter().map(|part| (part.limit.budget.clone(), part.until)).collect();
            Reserved::Held(Reservation { id: id.clone(), amount, windows })
        };
        let Err(error) = ledger.client.transact_write_items().set_transact_items(Some(items)).send().await else {
            return Ok(held());
        };
        match refusal(&error)? {
            // its own item exists: the response to an earlier attempt was lost
            Some([own, ..]) if is_condition(own) => return Ok(held()),
            Some([_, reasons @ ..]) if reasons.iter().any(is_condition) => {
                for ((limit, window), reason) in limits.iter().zip(&mut windows).zip(reasons) {
                    if !is_condition(reason) {
                        continue;
                    }
                    let found = Window::of(&limit.budget, reason.item())?;
                    if let (Window::Until(seen), Window::Until(found)) = (*window, found)
                        && seen == found
                        && seen >= now
                    {
                        let booked = reason.item().and_then(|item| item.number("bookedMicros")).unwrap_or_default();
                        return Ok(no_room(limit, Usd::micros(booked)));
                    }
                    *window = found;
                }
            }
            _ => {}
        }
        if !retry::pause(attempt, None).await {
            return Err(contention(OPERATION, &error));
        }
        attempt += 1;
    }
}

fn no_room(limit: &SpendLimit, booked: Usd) -> Reserved {
    let left = Usd::micros(limit.limit.to_micros().saturating_sub(booked.to_micros()));
    Reserved::NoRoom { budget: limit.budget.clone(), left }
}

/// The transaction that books an amount.
struct Booking<'a> {
    ledger: &'a DynamoLedger,
    amount: Usd,
    parts: Vec<Part<'a>>,
}

struct Part<'a> {
    limit: &'a SpendLimit,
    /// The `expiresAt` that the item has now.
    seen: Option<u64>,
    /// The end of the window in which the amount is booked.
    until: u64,
}

impl<'a> Booking<'a> {
    fn new(ledger: &'a DynamoLedger, limits: &'a [SpendLimit], windows: &[Window], amount: Usd, now: u64) -> Self {
        let new = now.saturating_add(A_DAY.as_secs());
        let parts = limits.iter().zip(windows).map(|(limit, window)| match *window {
            Window::None => Part { limit, seen: None, until: new },
            Window::Until(seen) => Part { limit, seen: Some(seen), until: if seen < now { new } else { seen } },
        });
        Self { ledger, amount, parts: parts.collect() }
    }

    fn items(&self, id: &str) -> Result<Vec<TransactWriteItem>, BuildError> {
        let end = self.parts.iter().map(|part| part.until).max().unwrap_or_default();
        let put = Put::builder()
            .table_name(&self.ledger.table)
            .item("id", text(id))
            .item("amountMicros", number(self.amount.to_micros()))
            .item("reservedAt", number(self.ledger.clock.now()))
            .item("expiresAt", number(end))
            .condition_expression("attribute_not_exists(id)")
            .build()?;
        let mut items = vec![TransactWriteItem::builder().put(put).build()];
        for part in &self.parts {
            items.push(TransactWriteItem::builder().update(self.update(part)?).build());
        }
        Ok(items)
    }

    fn update(&self, part: &Part<'_>) -> Result<Update, BuildError> {
        let amount = self.amount.to_micros();
        let update = Update::builder()
            .table_name(&self.ledger.table)
            .key("id", text(&part.limit.budget))
            .expression_attribute_values(":amount", number(amount))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match part.seen {
            None => update
                .update_expression("SET expiresAt = :until, bookedMicros = :amount")
                .condition_expression("attribute_not_exists(id)")
                .expression_attribute_values(":until", number(part.until)),
            Some(seen) if seen == part.until => update
                .update_expression("ADD bookedMicros :amount")
                .condition_expression(
                    "expiresAt = :seen AND (attribute_not_exists(bookedMicros) OR bookedMicros <= :room)",
                )
                .expression_attribute_values(":seen", number(seen))
                .expression_attribute_values(":room", number(part.limit.limit.to_micros().saturating_sub(amount))),
            // the window has ended, and DynamoDB has not deleted the item yet
            Some(seen) => update
                .update_expression("SET expiresAt = :until, bookedMicros = :amount REMOVE calls, costMicros")
                .condition_expression("expiresAt = :seen")
                .expression_attribute_values(":seen", number(seen))
                .expression_attribute_values(":until", number(part.until)),
        }
        .build()
    }
}

/// Replaces a reservation by its cost. A second settlement changes nothing.
pub(crate) async fn settle(ledger: &DynamoLedger, reservation: &Reservation, cost: Usd) -> Result<(), ToolError> {
    let mut windows: Vec<&(String, u64)> = reservation.windows.iter().collect();
    let mut attempt = 1;
    loop {
        let items = settlement(ledger, reservation, &windows, cost).map_err(ToolError::internal)?;
        let Err(error) = ledger.client.transact_write_items().set_transact_items(Some(items)).send().await else {
            break;
        };
        match refusal(&error)? {
            // Settled before, for example by an attempt whose response was lost. A settlement that is called again has
            // dropped no window, so it spends nothing below.
            Some([own, ..]) if is_condition(own) => break,
            // The window has ended since. The reservation was counted in it, and no later window knows of it.
            Some([_, reasons @ ..]) if reasons.iter().any(is_condition) => {
                let mut ended = reasons.iter().map(is_condition);
                windows.retain(|_| !ended.next().unwrap_or_default());
                continue;
            }
            _ => {}
        }
        if !retry::pause(attempt, None).await {
            return Err(contention(OPERATION, &error));
        }
        attempt += 1;
    }
    let over = cost.to_micros().saturating_sub(reservation.amount.to_micros());
    for (budget, _) in reservation.windows.iter().filter(|window| over > 0 && !windows.contains(window)) {
        charge::spend(ledger, budget, Usd::micros(over)).await?;
    }
    Ok(())
}

fn settlement(
    ledger: &DynamoLedger,
    reservation: &Reservation,
    windows: &[&(String, u64)],
    cost: Usd,
) -> Result<Vec<TransactWriteItem>, BuildError> {
    let delete = Delete::builder()
        .table_name(&ledger.table)
        .key("id", text(&reservation.id))
        .condition_expression("attribute_exists(id)")
        .build()?;
    let mut items = vec![TransactWriteItem::builder().delete(delete).build()];
    let difference = i128::from(cost.to_micros()) - i128::from(reservation.amount.to_micros());
    for (budget, until) in windows {
        let update = Update::builder()
            .table_name(&ledger.table)
            .key("id", text(budget))
            .update_expression("ADD bookedMicros :difference, costMicros :cost")
            // whether or not another turn has begun the next window, what it knows is the same
            .condition_expression("expiresAt = :until AND expiresAt >= :now")
            .expression_attribute_values(":now", number(ledger.clock.now()))
            .expression_attribute_values(":difference", AttributeValue::N(difference.to_string()))
            .expression_attribute_values(":cost", number(cost.to_micros()))
            .expression_attribute_values(":until", number(*until))
            .build()?;
        items.push(TransactWriteItem::builder().update(update).build());
    }
    Ok(items)
}

/// The reasons of a cancelled transaction; `None` for another transient error. Both may be tried again, because a
/// reservation and a settlement recognise what an earlier attempt has done.
fn refusal(error: &SdkError<TransactWriteItemsError>) -> Result<Option<&[CancellationReason]>, ToolError> {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
            let reasons = canceled.cancellation_reasons();
            match reasons.iter().any(is_condition) || is_passing(reasons) {
                true => Ok(Some(reasons)),
                false => Err(ToolError::internal(describe(OPERATION, error))),
            }
        }
        _ if passes(error) || is_unclear(error) => Ok(None),
        _ => Err(unavailable(OPERATION, error)),
    }
}
