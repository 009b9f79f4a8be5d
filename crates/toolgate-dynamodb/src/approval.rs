//! Parked calls: what a person is asked, and what they decided.
//!
//! A table of its own, partition key `id`, two items a call: `call#<key>` is the question and written by the function,
//! `decision#<key>` the answer and written by a person. A function's role may write the former and `waiting#` alone (a
//! condition on `dynamodb:LeadingKeys`), so no argument of a model's can approve anything.
//!
//! A decision names the approval that it is about: it says nothing of a call that is parked later under the same key. It
//! also names what was shown, by a digest over tool, input and caller: where the question has been swapped, before or
//! after the decision, nothing runs.

use aws_sdk_dynamodb::{
    error::BuildError,
    operation::transact_write_items::TransactWriteItemsError,
    types::{Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update},
};
use data_encoding::BASE32_NOPAD;
use serde_json::{Map, Value};
use toolgate::{Approval, ApprovalRequest, OnceKey, ToolError};

use crate::{
    batch,
    fault::{describe, is_condition, is_passing, passes, unavailable},
    item::{Item, Read, number, text},
    keys::{APPROVED, CALL, DECISION},
    retry,
    table::DynamoLedger,
    waiting::{self, Slot},
};

/// What a person decided about this call. It is parked where nobody has been asked.
pub(crate) async fn ask(
    ledger: &DynamoLedger,
    request: &ApprovalRequest,
    once: Option<&OnceKey>,
) -> Result<Approval, ToolError> {
    let Some(table) = &ledger.approvals else {
        return Err(ToolError::refused(
            "a person must confirm this call first, and nobody can be asked here; hand the request over to a person",
        ));
    };
    let ids = [CALL, DECISION].map(|part| format!("{part}{}", request.key));
    let mut attempt = 1;
    loop {
        let found = batch::get(ledger, table, &ids, &[], || request.remaining).await?;
        let [call, decision] = ids.each_ref().map(|id| found.get(id));
        if let Some(call) = call {
            return answer(request, call, decision);
        }
        // a place of its own first, which is free as long as few calls wait
        let slot = match attempt {
            1 => Slot::first(request),
            _ => waiting::free(ledger, table, request).await?,
        };
        match park(ledger, table, request, once, &slot).await? {
            Some(id) => return Ok(Approval::Waiting { id }),
            // another call has parked it or taken the place, or something passes
            None if retry::pause(attempt, request.remaining).await => attempt += 1,
            None => {
                return Err(ToolError::conflict(
                    "too many calls change the same data at once; repeat the same call in a moment",
                ));
            }
        }
    }
}

/// What the items say. The digest is made anew, of the input that would run and of the caller as this call knows it: a
/// question that shows a person something else cannot be decided for it.
fn answer(request: &ApprovalRequest, call: &Item, decision: Option<&Item>) -> Result<Approval, ToolError> {
    let broken = || ToolError::internal("a parked call without an id or an input");
    let id = call.text("approval").ok_or_else(broken)?.to_owned();
    let input: Map<String, Value> =
        call.text("input").and_then(|input| serde_json::from_str(input).ok()).ok_or_else(broken)?;
    let digest = request.digest_with(&input);
    let is_for_it =
        |decision: &&Item| decision.text("approval") == Some(&id) && decision.text("digest") == Some(&digest);
    Ok(match decision.filter(is_for_it).and_then(|decision| decision.text("decision")) {
        None => Approval::Waiting { id },
        Some(APPROVED) => Approval::Approved { id, input },
        Some(_) => Approval::Denied { id },
    })
}

/// Parks a call; `None` where it was parked meanwhile, or where it may be tried again.
async fn park(
    ledger: &DynamoLedger,
    table: &str,
    request: &ApprovalRequest,
    once: Option<&OnceKey>,
    slot: &Slot,
) -> Result<Option<String>, ToolError> {
    const OPERATION: &str = "TransactWriteItems";
    let id = new_id();
    let input = readable(&request.input)?;
    let mut items = Vec::new();
    if let Some(key) = once {
        // the effect may have happened under an approval that has ended since
        items.push(ledger.check(key).map_err(ToolError::internal)?);
    }
    items.push(question(ledger, table, request, &id, input).map_err(ToolError::internal)?);
    items.push(slot.taken_by(ledger, table, request, &id).map_err(ToolError::internal)?);
    let Err(error) = ledger.client.transact_write_items().set_transact_items(Some(items)).send().await else {
        return Ok(Some(id));
    };
    let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) = error.as_service_error() else {
        return if passes(&error) { Ok(None) } else { Err(unavailable(OPERATION, &error)) };
    };
    match (once, canceled.cancellation_reasons()) {
        (Some(_), [record, ..]) if is_condition(record) => Err(DynamoLedger::repeat(record.item())),
        (_, reasons) if is_passing(reasons) => Ok(None),
        (_, [.., question, slot]) if is_condition(question) || is_condition(slot) => Ok(None),
        _ => Err(ToolError::internal(describe(OPERATION, &error))),
    }
}

/// The input as it is stored. Reading it back must give the same, since a question that nobody can read can only expire.
fn readable(input: &Map<String, Value>) -> Result<String, ToolError> {
    let stored = Value::Object(input.clone()).to_string();
    match serde_json::from_str::<Map<String, Value>>(&stored) {
        Ok(back) if back == *input => Ok(stored),
        _ => Err(ToolError::invalid("a person cannot be asked about this input, since it cannot be stored as it is")),
    }
}

fn question(
    ledger: &DynamoLedger,
    table: &str,
    request: &ApprovalRequest,
    id: &str,
    input: String,
) -> Result<TransactWriteItem, BuildError> {
    let mut put = Put::builder()
        .table_name(table)
        .item("id", text(format!("{CALL}{}", request.key)))
        .item("approval", text(id))
        .item("tool", text(&request.tool))
        .item("input", text(input))
        .item("parkedAt", number(ledger.clock.now_millis()))
        .item("expiresAt", number(ledger.clock.end_of(request.ttl)))
        .condition_expression("attribute_not_exists(id) OR expiresAt < :now")
        .expression_attribute_values(":now", number(ledger.clock.now()))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    if let Some(session) = &request.session {
        put = put.item("session", text(session));
    }
    if !request.caller.is_empty() {
        put = put.item("caller", text(serde_json::json!(request.caller).to_string()));
    }
    Ok(TransactWriteItem::builder().put(put.build()?).build())
}

/// The write that uses an approval, for the transaction that begins an effect: an approval is used by one effect and by
/// no other. `request` is the call's [`ApprovalRequest::key`], `id` the approval's, `effect` the id of the [`OnceKey`]
/// under which the call runs.
///
/// A repeat of the same effect may use it again, since its own record decides what happens then. Where the condition
/// fails, [`used_up`] is what the call is told.
pub(crate) fn used(table: &str, request: &str, id: &str, effect: &str) -> Result<TransactWriteItem, BuildError> {
    let update = Update::builder()
        .table_name(table)
        .key("id", text(format!("{CALL}{request}")))
        .update_expression("SET usedBy = :effect")
        .condition_expression("approval = :approval AND (attribute_not_exists(usedBy) OR usedBy = :effect)")
        .expression_attribute_values(":approval", text(id))
        .expression_attribute_values(":effect", text(effect))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .build()?;
    Ok(TransactWriteItem::builder().update(update).build())
}

/// What a call is told whose approval is another effect's by now, or has ended.
pub(crate) fn used_up(id: &str) -> ToolError {
    ToolError::refused(format!("the approval `{id}` has been used or has ended; repeat the call to ask for a new one"))
}

/// `APR-` and 10 upper-case base32 characters, 50 random bits.
fn new_id() -> String {
    let mut id = "APR-".to_owned();
    id.extend(BASE32_NOPAD.encode(&rand::random::<[u8; 7]>()).chars().take(10));
    id
}
