//! Parked calls: what a person is asked, and what they said.
//!
//! A table of its own, partition key `id`, two items a call: `call#<key>` is the question and written by the function,
//! `decision#<key>` the answer and written by a person. A function's role may write the former only (a condition on
//! `dynamodb:LeadingKeys`), so no argument of a model's can approve anything.
//! A decision names the approval that it is about: it says nothing of a call that is parked later under the same key.

use aws_sdk_dynamodb::{
    error::BuildError,
    operation::transact_write_items::TransactWriteItemsError,
    types::{KeysAndAttributes, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem},
};
use toolgate::{Approval, ApprovalRequest, OnceKey, ToolError};

use crate::{
    fault::{contention, describe, is_condition, is_passing, passes, unavailable},
    item::{Item, Read, now, now_millis, number, text},
    ledger::Ledger,
    retry,
};

/// The key of a question, and of its answer.
pub(crate) const CALL: &str = "call#";
pub(crate) const DECISION: &str = "decision#";
pub(crate) const APPROVED: &str = "approved";
pub(crate) const DENIED: &str = "denied";

/// What a person said of this call. It is parked where nobody has been asked.
pub(crate) async fn ask(
    ledger: &Ledger,
    request: &ApprovalRequest,
    once: Option<&OnceKey>,
) -> Result<Approval, ToolError> {
    let Some(table) = &ledger.approvals else {
        return Err(ToolError::refused(
            "a person must confirm this call first, and nobody can be asked here; hand the request over to a person",
        ));
    };
    let mut attempt = 1;
    loop {
        let (call, decision) = read(ledger, table, request).await?;
        if let Some(call) = call {
            return answer(&call, decision.as_ref());
        }
        match park(ledger, table, request, once).await? {
            Some(id) => return Ok(Approval::Waiting { id }),
            // another call has parked it, or something passes
            None if retry::pause(attempt, request.remaining).await => attempt += 1,
            None => {
                return Err(ToolError::conflict(
                    "too many calls change the same data at once; repeat the same call in a moment",
                ));
            }
        }
    }
}

fn answer(call: &Item, decision: Option<&Item>) -> Result<Approval, ToolError> {
    let broken = || ToolError::internal("a parked call without an id or an input");
    let id = call.text("approval").ok_or_else(broken)?.to_owned();
    let decision = decision.filter(|decision| decision.text("approval") == Some(&id));
    Ok(match decision.and_then(|decision| decision.text("decision")) {
        None => Approval::Waiting { id },
        Some(APPROVED) => {
            let input = call.text("input").and_then(|input| serde_json::from_str(input).ok()).ok_or_else(broken)?;
            Approval::Approved { id, input }
        }
        Some(_) => Approval::Denied { id },
    })
}

/// Question and answer, as far as they are there and have not ended.
async fn read(
    ledger: &Ledger,
    table: &str,
    request: &ApprovalRequest,
) -> Result<(Option<Item>, Option<Item>), ToolError> {
    let ids = [CALL, DECISION].map(|part| format!("{part}{}", request.key));
    let mut attempt = 1;
    loop {
        let keys = ids.iter().map(|id| Item::from([("id".to_owned(), text(id))])).collect();
        let keys = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build();
        let keys = keys.map_err(ToolError::internal)?;
        let error = match ledger.client.batch_get_item().request_items(table, keys).send().await {
            Ok(read) if read.unprocessed_keys().is_none_or(std::collections::HashMap::is_empty) => {
                let items = read.responses.and_then(|mut tables| tables.remove(table)).unwrap_or_default();
                let now = now();
                let find = |id: &String| {
                    items.iter().find(|item| item.text("id") == Some(id) && !item.has_ended(now)).cloned()
                };
                let [call, decision] = ids.each_ref().map(find);
                return Ok((call, decision));
            }
            // throttled
            Ok(_) => ToolError::conflict("too many calls at once; repeat the same call in a moment"),
            Err(error) if passes(&error) => contention("BatchGetItem", &error),
            Err(error) => return Err(unavailable("BatchGetItem", &error)),
        };
        match retry::pause(attempt, request.remaining).await {
            true => attempt += 1,
            false => return Err(error),
        }
    }
}

/// Parks a call; `None` where it was parked meanwhile, or where it may be tried again.
async fn park(
    ledger: &Ledger,
    table: &str,
    request: &ApprovalRequest,
    once: Option<&OnceKey>,
) -> Result<Option<String>, ToolError> {
    const OPERATION: &str = "TransactWriteItems";
    let id = new_id();
    let mut items = Vec::new();
    if let Some(key) = once {
        // the effect may have happened under an approval that has ended since
        items.push(ledger.check(key).map_err(ToolError::internal)?);
    }
    items.push(question(table, request, &id).map_err(ToolError::internal)?);
    let Err(error) = ledger.client.transact_write_items().set_transact_items(Some(items)).send().await else {
        return Ok(Some(id));
    };
    let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) = error.as_service_error() else {
        return if passes(&error) { Ok(None) } else { Err(unavailable(OPERATION, &error)) };
    };
    match (once, canceled.cancellation_reasons()) {
        (Some(_), [record, ..]) if is_condition(record) => Err(Ledger::repeat(record.item())),
        (_, reasons) if is_passing(reasons) => Ok(None),
        (_, [.., question]) if is_condition(question) => Ok(None),
        _ => Err(ToolError::internal(describe(OPERATION, &error))),
    }
}

fn question(table: &str, request: &ApprovalRequest, id: &str) -> Result<TransactWriteItem, BuildError> {
    let now = now();
    let input = serde_json::Value::Object(request.input.clone()).to_string();
    let mut put = Put::builder()
        .table_name(table)
        .item("id", text(format!("{CALL}{}", request.key)))
        .item("approval", text(id))
        .item("tool", text(&request.tool))
        .item("input", text(input))
        .item("parkedAt", number(now_millis()))
        .item("expiresAt", number(now.saturating_add(request.ttl.as_secs())))
        .condition_expression("attribute_not_exists(id) OR expiresAt < :now")
        .expression_attribute_values(":now", number(now))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
    if let Some(session) = &request.session {
        put = put.item("session", text(session));
    }
    if !request.caller.is_empty() {
        put = put.item("caller", text(serde_json::json!(request.caller).to_string()));
    }
    Ok(TransactWriteItem::builder().put(put.build()?).build())
}

/// `APR-` and ten characters of base32.
fn new_id() -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut bits = rand::random::<u64>();
    let mut id = "APR-".to_owned();
    for _ in 0..10 {
        // five bits are always an index of the alphabet
        let letter = ALPHABET.get((bits & 31) as usize).copied().unwrap_or(b'A');
        id.push(char::from(letter));
        bits >>= 5;
    }
    id
}
