//! Parked calls: the request that a person sees, and the person's decision.
//!
//! They have a separate table with the partition key `id` and two items per call. The function writes the request,
//! `call#<key>`. A person writes the decision, `decision#<key>`. A function's role may write only `call#` and
//! `waiting#` items (a condition on `dynamodb:LeadingKeys`), so no argument from a model can approve a call.
//!
//! A decision contains the id of its approval, so it does not apply to a call that is parked later under the same key.
//! It also contains a digest over the tool, the input and the caller that were shown. If the request was replaced,
//! before or after the decision, the call does not run.

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

/// The attribute of a parked call with the id of the effect that has used its approval.
const USED_BY: &str = "usedBy";

/// Returns the state of a call's approval. Parks the call if it has none.
pub(crate) async fn ask(
    ledger: &DynamoLedger,
    request: &ApprovalRequest,
    once: Option<&OnceKey>,
) -> Result<Approval, ToolError> {
    let table = ledger.approvals()?;
    let mut attempt = 1;
    loop {
        if let Some(parked) = find(ledger, table, request).await? {
            return Ok(parked.state);
        }
        // the first attempt takes a slot by its key, which is free as long as few calls wait
        let slot = match attempt {
            1 => Slot::first(request),
            _ => waiting::free(ledger, table, request).await?,
        };
        match park(ledger, table, request, once, &slot).await? {
            Some(id) => return Ok(Approval::Waiting { id }),
            // another call has parked this call or taken the slot, or the error is transient
            None if retry::pause(attempt, request.remaining).await => attempt += 1,
            None => {
                return Err(ToolError::conflict(
                    "too many calls change the same data at once; repeat the same call in a moment",
                ));
            }
        }
    }
}

/// A call that is parked.
pub(crate) struct Parked {
    pub(crate) state: Approval,
    /// An effect has used it.
    pub(crate) is_used: bool,
}

/// The parked call of this request, if there is one.
pub(crate) async fn find(
    ledger: &DynamoLedger,
    table: &str,
    request: &ApprovalRequest,
) -> Result<Option<Parked>, ToolError> {
    let ids = [CALL, DECISION].map(|part| format!("{part}{}", request.key));
    let found = batch::get(ledger, table, &ids, &[], || request.remaining).await?;
    let [call, decision] = ids.each_ref().map(|id| found.get(id));
    let parked =
        |call: &Item| Ok(Parked { state: state(request, call, decision)?, is_used: call.contains_key(USED_BY) });
    call.map(parked).transpose()
}

/// Evaluates the items. The digest is computed again, from the input that would run and the caller of this call. A
/// decision on a request that showed other data does not count.
fn state(request: &ApprovalRequest, call: &Item, decision: Option<&Item>) -> Result<Approval, ToolError> {
    let broken = || ToolError::internal("a parked call has no id or no input");
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

/// Parks a call. Returns `None` where the call was parked in the meantime, or where another attempt may succeed.
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
        // the effect may have happened under an approval that has expired since
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

/// The input in its stored form. The stored form must convert back to the same input, because a request that cannot be
/// read can only expire.
fn readable(input: &Map<String, Value>) -> Result<String, ToolError> {
    let stored = Value::Object(input.clone()).to_string();
    match serde_json::from_str::<Map<String, Value>>(&stored) {
        Ok(back) if back == *input => Ok(stored),
        _ => Err(ToolError::invalid("a person cannot be asked about this input, since it cannot be stored unchanged")),
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

/// The write that consumes an approval, for the transaction that begins an effect. Each approval serves one effect
/// only. `request` is the call's [`ApprovalRequest::key`], `id` is the approval's id, and `effect` is the id of the
/// [`OnceKey`] under which the call runs.
///
/// A repeat of the same effect may use the approval again, because the effect's own record then decides the result.
/// Where the condition fails, the call gets the error [`used_up`].
pub(crate) fn used(table: &str, request: &str, id: &str, effect: &str) -> Result<TransactWriteItem, BuildError> {
    let update = Update::builder()
        .table_name(table)
        .key("id", text(format!("{CALL}{request}")))
        .update_expression("SET #used = :effect")
        .condition_expression("approval = :approval AND (attribute_not_exists(#used) OR #used = :effect)")
        .expression_attribute_names("#used", USED_BY)
        .expression_attribute_values(":approval", text(id))
        .expression_attribute_values(":effect", text(effect))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .build()?;
    Ok(TransactWriteItem::builder().update(update).build())
}

/// The error for a call with an approval that another effect has used, or that has expired.
pub(crate) fn used_up(id: &str) -> ToolError {
    ToolError::refused(format!("the approval `{id}` has been used or has ended; repeat the call to ask for a new one"))
}

/// `APR-` and 10 upper-case base32 characters, 50 random bits.
fn new_id() -> String {
    let mut id = "APR-".to_owned();
    id.extend(BASE32_NOPAD.encode(&rand::random::<[u8; 7]>()).chars().take(10));
    id
}
