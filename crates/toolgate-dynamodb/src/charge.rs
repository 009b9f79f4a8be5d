//! A session's budget: one item that counts calls and adds up costs, with one conditional write per call.
//!
//! `{id: "budget#…", calls, costMicros, bookedMicros, expiresAt}`. `bookedMicros` is the costs and what is reserved for
//! running turns. For a call of a once tool, the same transaction checks the record,
//! so that a repeat is not charged.

use aws_sdk_dynamodb::{
    error::{BuildError, SdkError},
    operation::transact_write_items::TransactWriteItemsError,
    types::{AttributeValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update},
};
use std::{collections::HashMap, time::Duration};
use toolgate::{BudgetCharge, OnceKey, ToolError, Usd};

use crate::{
    fault::{contention, describe, is_condition, is_passing, passes, unavailable},
    item::{Clock, Item, Read, number, text},
    retry,
    table::DynamoLedger,
};

/// An update with its condition and its values.
struct Change {
    update: &'static str,
    condition: String,
    values: HashMap<String, AttributeValue>,
}

/// The result of one attempt.
enum Attempt {
    Charged,
    /// The budget's condition failed. The current item, if there is one.
    Full(Option<Item>),
    /// The error may be transient. The error to return if no retry succeeds.
    Again(ToolError),
    Failed(ToolError),
}

pub(crate) async fn charge(
    ledger: &DynamoLedger,
    charge: &BudgetCharge,
    once: Option<&OnceKey>,
) -> Result<(), ToolError> {
    if charge.budget.max_calls() == Some(0) || charge.budget.max_usd() == Some(Usd::micros(0)) {
        return Err(used_up());
    }
    let mut change = usual(&ledger.clock, charge);
    let mut attempt = 1;
    loop {
        let outcome = match once {
            None => alone(ledger, charge, &change).await,
            Some(key) => with_record(ledger, charge, &change, key).await,
        };
        match outcome {
            Attempt::Charged => return Ok(()),
            Attempt::Failed(error) => return Err(error),
            Attempt::Full(item) => match item.filter(|item| item.has_ended(ledger.clock.now())) {
                // the window has ended, and DynamoDB has not deleted the item yet
                Some(item) if attempt < retry::ATTEMPTS => {
                    (change, attempt) = (anew(&ledger.clock, charge, &item), attempt + 1)
                }
                _ => return Err(used_up()),
            },
            Attempt::Again(error) => match retry::pause(attempt, charge.remaining).await {
                true => attempt += 1,
                false => return Err(error),
            },
        }
    }
}

fn used_up() -> ToolError {
    ToolError::refused("this session's budget is used up")
}

/// Charges one more call, within the limits.
fn usual(clock: &Clock, charge: &BudgetCharge) -> Change {
    let mut condition = "(attribute_not_exists(expiresAt) OR expiresAt >= :now)".to_owned();
    let mut values = HashMap::from([
        (":one".to_owned(), number(1)),
        (":now".to_owned(), number(clock.now())),
        (":until".to_owned(), number(clock.end_of(charge.budget.window_length()))),
    ]);
    if let Some(calls) = charge.budget.max_calls() {
        condition.push_str(" AND (attribute_not_exists(calls) OR calls < :calls)");
        values.insert(":calls".to_owned(), number(calls));
    }
    if let Some(usd) = charge.budget.max_usd() {
        condition.push_str(" AND (attribute_not_exists(costMicros) OR costMicros < :usd)");
        values.insert(":usd".to_owned(), number(usd.to_micros()));
    }
    Change { update: "SET expiresAt = if_not_exists(expiresAt, :until) ADD calls :one", condition, values }
}

/// Charges the first call of a new window, and replaces the item of the old one.
fn anew(clock: &Clock, charge: &BudgetCharge, old: &Item) -> Change {
    let seen = old.get("expiresAt").cloned().unwrap_or(AttributeValue::Null(true));
    let values = HashMap::from([
        (":one".to_owned(), number(1)),
        (":until".to_owned(), number(clock.end_of(charge.budget.window_length()))),
        (":seen".to_owned(), seen),
    ]);
    let update = "SET calls = :one, expiresAt = :until REMOVE costMicros, bookedMicros";
    Change { update, condition: "expiresAt = :seen".to_owned(), values }
}

async fn alone(ledger: &DynamoLedger, charge: &BudgetCharge, change: &Change) -> Attempt {
    let request = ledger
        .client
        .update_item()
        .table_name(&ledger.table)
        .key("id", text(&charge.id))
        .update_expression(change.update)
        .condition_expression(&change.condition)
        .set_expression_attribute_values(Some(change.values.clone()))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    let Err(error) = request.send().await else { return Attempt::Charged };
    use aws_sdk_dynamodb::operation::update_item::UpdateItemError::ConditionalCheckFailedException as ConditionFailed;
    match error.as_service_error() {
        Some(ConditionFailed(failed)) => Attempt::Full(failed.item().cloned()),
        _ if passes(&error) => Attempt::Again(contention("UpdateItem", &error)),
        _ => Attempt::Failed(unavailable("UpdateItem", &error)),
    }
}

async fn with_record(ledger: &DynamoLedger, charge: &BudgetCharge, change: &Change, key: &OnceKey) -> Attempt {
    let items = match items(ledger, charge, change, key) {
        Ok(items) => items,
        Err(error) => return Attempt::Failed(ToolError::internal(error)),
    };
    let request = ledger.client.transact_write_items().set_transact_items(Some(items));
    request.send().await.map_or_else(|error| judge(&error), |_| Attempt::Charged)
}

fn items(
    ledger: &DynamoLedger,
    charge: &BudgetCharge,
    change: &Change,
    key: &OnceKey,
) -> Result<Vec<TransactWriteItem>, BuildError> {
    let update = Update::builder()
        .table_name(&ledger.table)
        .key("id", text(&charge.id))
        .update_expression(change.update)
        .condition_expression(&change.condition)
        .set_expression_attribute_values(Some(change.values.clone()))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .build()?;
    Ok(vec![ledger.check(key)?, TransactWriteItem::builder().update(update).build()])
}

fn judge(error: &SdkError<TransactWriteItemsError>) -> Attempt {
    const OPERATION: &str = "TransactWriteItems";
    let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) = error.as_service_error() else {
        return match passes(error) {
            true => Attempt::Again(contention(OPERATION, error)),
            false => Attempt::Failed(unavailable(OPERATION, error)),
        };
    };
    match canceled.cancellation_reasons() {
        // a repeat is not charged, and gets its reply even where the budget is used up
        [record, ..] if is_condition(record) => Attempt::Failed(DynamoLedger::repeat(record.item())),
        reasons if is_passing(reasons) => Attempt::Again(contention(OPERATION, error)),
        [_, budget] if is_condition(budget) => Attempt::Full(budget.item().cloned()),
        _ => Attempt::Failed(ToolError::internal(describe(OPERATION, error))),
    }
}

/// Window of a budget item that is created before the first call of a tool.
pub(crate) const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Adds a cost to the current window. A window that has ended begins anew, with this cost.
pub(crate) async fn spend(ledger: &DynamoLedger, budget: &str, cost: Usd) -> Result<(), ToolError> {
    use aws_sdk_dynamodb::operation::update_item::UpdateItemError::ConditionalCheckFailedException as ConditionFailed;
    const OPERATION: &str = "UpdateItem";
    // the end of the window that has ended
    let mut ended: Option<AttributeValue> = None;
    let mut attempt = 1;
    loop {
        let (update, condition) = match ended {
            None => (
                "SET expiresAt = if_not_exists(expiresAt, :until) ADD costMicros :cost, bookedMicros :cost",
                "attribute_not_exists(expiresAt) OR expiresAt >= :seen",
            ),
            Some(_) => {
                ("SET expiresAt = :until, costMicros = :cost, bookedMicros = :cost REMOVE calls", "expiresAt = :seen")
            }
        };
        let request = ledger
            .client
            .update_item()
            .table_name(&ledger.table)
            .key("id", text(budget))
            .update_expression(update)
            .condition_expression(condition)
            .expression_attribute_values(":until", number(ledger.clock.end_of(A_DAY)))
            .expression_attribute_values(":cost", number(cost.to_micros()))
            .expression_attribute_values(":seen", ended.take().unwrap_or_else(|| number(ledger.clock.now())))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = request.send().await else { return Ok(()) };
        match error.as_service_error() {
            Some(ConditionFailed(failed)) => {
                let item = failed.item().filter(|item| item.has_ended(ledger.clock.now()));
                ended = item.and_then(|item| item.get("expiresAt").cloned());
            }
            _ if passes(&error) => {}
            _ => return Err(unavailable(OPERATION, &error)),
        }
        if !retry::pause(attempt, None).await {
            return Err(contention(OPERATION, &error));
        }
        attempt += 1;
    }
}

/// The costs of the current window.
pub(crate) async fn spent(ledger: &DynamoLedger, budget: &str) -> Result<Usd, ToolError> {
    sum(ledger, budget, "costMicros").await
}

/// The costs of the current window, with what is reserved.
pub(crate) async fn booked(ledger: &DynamoLedger, budget: &str) -> Result<Usd, ToolError> {
    sum(ledger, budget, "bookedMicros").await
}

async fn sum(ledger: &DynamoLedger, budget: &str, name: &str) -> Result<Usd, ToolError> {
    let item = item(ledger, budget).await?.filter(|item| !item.has_ended(ledger.clock.now()));
    match item.as_ref().and_then(|item| item.get(name).map(|_| item.number(name))) {
        None => Ok(Usd::micros(0)),
        Some(Some(micros)) => Ok(Usd::micros(micros)),
        // A sum that cannot be read is never treated as nothing.
        Some(None) => Err(ToolError::internal(format!("`{name}` of `{budget}` is not a whole number"))),
    }
}

/// A budget's item, even if its window has ended.
pub(crate) async fn item(ledger: &DynamoLedger, budget: &str) -> Result<Option<Item>, ToolError> {
    const OPERATION: &str = "GetItem";
    let mut attempt = 1;
    loop {
        let request = ledger.client.get_item().table_name(&ledger.table).key("id", text(budget)).consistent_read(true);
        match request.send().await {
            Ok(found) => return Ok(found.item),
            Err(error) if !passes(&error) => return Err(unavailable(OPERATION, &error)),
            Err(error) if !retry::pause(attempt, None).await => return Err(contention(OPERATION, &error)),
            Err(_) => attempt += 1,
        }
    }
}
