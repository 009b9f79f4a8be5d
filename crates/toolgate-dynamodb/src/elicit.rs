//! Questions that an MCP client puts to its person, where the deployment trusts its clients to ask.
//!
//! A question is an item of the approvals table, `elicit#<tool>#<scope>#<place>`: `{id, state, digest, expiresAt}`, and
//! after the answer also `{answer, answeredBy}`. Each scope has a fixed number of places per tool, and one place holds
//! one question, so that concurrent calls cannot exceed the limit. A place is free when its question has been answered
//! or has expired.
//!
//! The client gets the state, 128 random bits, and returns it with the answer. The remainder of the state is the place.
//! The write of the answer is conditional on the state, on the digest of tool, caller and input, on the time, and on
//! being the first answer. These items contain nothing else of the call, and are never read as decisions.

use aws_sdk_dynamodb::{
    error::BuildError,
    operation::{transact_write_items::TransactWriteItemsError, update_item::UpdateItemError},
    types::{Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem},
};
use rand::seq::IteratorRandom;
use toolgate::{Answered, Approval, ApprovalRequest, OnceKey, Question, ToolError};

use crate::{
    approval::{self, Parked},
    batch,
    fault::{contention, describe, is_condition, is_passing, passes, unavailable},
    item::{Read, number, text},
    keys::ELICIT,
    retry,
    table::DynamoLedger,
};

/// Maximum number of open questions per scope and tool. `docs/mcp.md` has the same number.
const PLACES: u128 = 20;

/// Stores a question, where no person has decided about the parked call.
pub(crate) async fn ask(
    ledger: &DynamoLedger,
    request: &ApprovalRequest,
    once: Option<&OnceKey>,
) -> Result<Question, ToolError> {
    const OPERATION: &str = "TransactWriteItems";
    let table = ledger.approvals()?;
    if let Some(decided) = decided(approval::find(ledger, table, request).await?.as_ref()) {
        return Ok(Question::Decided(decided));
    }
    let mut state: u128 = rand::random();
    let mut attempt = 1;
    loop {
        let mut items = Vec::new();
        if let Some(key) = once {
            // a person is not asked about an effect that has happened
            items.push(ledger.check(key).map_err(ToolError::internal)?);
        }
        items.push(question(ledger, table, request, state).map_err(ToolError::internal)?);
        let Err(error) = ledger.client.transact_write_items().set_transact_items(Some(items)).send().await else {
            return Ok(Question::Asked { id: format!("{state:032x}") });
        };
        let reasons = match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => canceled.cancellation_reasons(),
            _ if passes(&error) => &[],
            _ => return Err(unavailable(OPERATION, &error)),
        };
        match (once, reasons) {
            (Some(_), [record, ..]) if is_condition(record) => return Err(DynamoLedger::repeat(record.item())),
            (_, reasons) if reasons.is_empty() || is_passing(reasons) => {}
            (_, [.., question]) if is_condition(question) => match free(ledger, table, request).await? {
                Some(place) => state = state_in(place),
                None => return Ok(Question::TooMany),
            },
            _ => return Err(ToolError::internal(describe(OPERATION, &error))),
        }
        if !retry::pause(attempt, request.remaining).await {
            return Err(contention(OPERATION, &error));
        }
        attempt += 1;
    }
}

/// The decision about a parked call.
fn decided(parked: Option<&Parked>) -> Option<Approval> {
    parked.map(|parked| parked.state.clone()).filter(|state| !matches!(state, Approval::Waiting { .. }))
}

/// A free place.
async fn free(ledger: &DynamoLedger, table: &str, request: &ApprovalRequest) -> Result<Option<u128>, ToolError> {
    let ids: Vec<String> = (0..PLACES).map(|place| key(request, place)).collect();
    let found = batch::get(ledger, table, &ids, &["id", "answer", "expiresAt"], || request.remaining).await?;
    let is_free = |id: &String| found.get(id).is_none_or(|item| item.contains_key("answer"));
    Ok((0..PLACES).zip(&ids).filter(|(_, id)| is_free(id)).map(|(place, _)| place).choose(&mut rand::rng()))
}

/// A random state for this place.
fn state_in(place: u128) -> u128 {
    std::iter::repeat_with(rand::random::<u128>).find(|state| state % PLACES == place).unwrap_or(place)
}

/// The write of a question. It fails where the place of the state is not free.
fn question(
    ledger: &DynamoLedger,
    table: &str,
    request: &ApprovalRequest,
    state: u128,
) -> Result<TransactWriteItem, BuildError> {
    let put = Put::builder()
        .table_name(table)
        .item("id", text(key(request, state % PLACES)))
        .item("state", text(format!("{state:032x}")))
        .item("digest", text(request.digest_with(&request.input)))
        .item("expiresAt", number(ledger.clock.end_of(request.ttl)))
        .condition_expression("attribute_not_exists(id) OR expiresAt < :now OR attribute_exists(answer)")
        .expression_attribute_values(":now", number(ledger.clock.now()));
    Ok(TransactWriteItem::builder().put(put.build()?).build())
}

/// Records the answer to a question, and closes the question.
///
/// The parked call is read before. A decision about it that is made later does not allow a second effect: the effect of
/// the answer then belongs to the same approval.
pub(crate) async fn answer(
    ledger: &DynamoLedger,
    request: &ApprovalRequest,
    id: &str,
    accepted: bool,
) -> Result<Answered, ToolError> {
    let table = ledger.approvals()?;
    let is_state = id.len() == 32 && id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let Some(state) = is_state.then(|| u128::from_str_radix(id, 16).ok()).flatten() else {
        return Ok(Answered::Unknown);
    };
    let parked = approval::find(ledger, table, request).await?;
    let decided = decided(parked.as_ref());
    let answer = match (accepted, &decided) {
        (true, None) => "accepted",
        (true, Some(_)) => "decided",
        (false, _) => "declined",
    };
    if !close(ledger, table, request, state, answer).await? {
        return Ok(Answered::Unknown);
    }
    Ok(match (decided, parked) {
        (Some(decided), _) => Answered::Decided(decided),
        (None, Some(Parked { state: Approval::Waiting { id }, is_used: false })) => {
            Answered::Recorded { parked: Some(id) }
        }
        (None, _) => Answered::Recorded { parked: None },
    })
}

/// Closes an open question about this call. Returns `false` where there is none of this state.
async fn close(
    ledger: &DynamoLedger,
    table: &str,
    request: &ApprovalRequest,
    state: u128,
    answer: &str,
) -> Result<bool, ToolError> {
    const OPERATION: &str = "UpdateItem";
    // tells a second request of the SDK, after a lost response, from a second answer
    let token = format!("{:032x}", rand::random::<u128>());
    let mut attempt = 1;
    loop {
        let update = ledger
            .client
            .update_item()
            .table_name(table)
            .key("id", text(key(request, state % PLACES)))
            .update_expression("SET answer = :answer, answeredBy = :token")
            .condition_expression(
                "#state = :state AND digest = :digest AND attribute_not_exists(answer) AND expiresAt >= :now",
            )
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":answer", text(answer))
            .expression_attribute_values(":token", text(&token))
            .expression_attribute_values(":state", text(format!("{state:032x}")))
            .expression_attribute_values(":digest", text(request.digest_with(&request.input)))
            .expression_attribute_values(":now", number(ledger.clock.now()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let error = match update.send().await {
            Ok(_) => return Ok(true),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                let by = failed.item().and_then(|item| item.text("answeredBy"));
                return Ok(by == Some(&token));
            }
            _ if passes(&error) => {
                if !retry::pause(attempt, request.remaining).await {
                    return Err(contention(OPERATION, &error));
                }
                attempt += 1;
            }
            _ => return Err(unavailable(OPERATION, &error)),
        }
    }
}

fn key(request: &ApprovalRequest, place: u128) -> String {
    format!("{ELICIT}{}#{}#{place}", request.tool, request.waiting_scope())
}
