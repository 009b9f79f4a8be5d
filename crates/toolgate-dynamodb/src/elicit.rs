//! Questions that an MCP client puts to its person, where the deployment trusts its clients to ask.
//!
//! A question is one item of the approvals table, `elicit#<tool>#<128 random bits>`. The client gets the random part and
//! returns it with the answer. The write of the answer is conditional on the tool, the caller and the input, on the
//! time, and on being the first answer. A function's role needs `PutItem` and `UpdateItem` on `elicit#<tool>#*`. These
//! items are never read as decisions.

use aws_sdk_dynamodb::{
    error::BuildError,
    operation::{transact_write_items::TransactWriteItemsError, update_item::UpdateItemError},
    types::{Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem},
};
use serde_json::Value;
use toolgate::{ApprovalRequest, OnceKey, ToolError};

use crate::{
    approval,
    fault::{contention, describe, is_condition, is_passing, passes, unavailable},
    item::{Read, number, text},
    keys::{ACCEPTED, DECLINED, ELICIT},
    retry,
    table::DynamoLedger,
};

/// Stores a question and returns its id: 32 hex digits.
pub(crate) async fn ask(
    ledger: &DynamoLedger,
    request: &ApprovalRequest,
    once: Option<&OnceKey>,
) -> Result<String, ToolError> {
    const OPERATION: &str = "TransactWriteItems";
    let table = table(ledger)?;
    // The client's person does not overrule the one who has decided.
    if approval::is_denied(ledger, table, request).await? {
        return Err(ToolError::refused("a person has denied this call"));
    }
    let id = format!("{:032x}", rand::random::<u128>());
    let mut attempt = 1;
    loop {
        let mut items = Vec::new();
        if let Some(key) = once {
            // a person is not asked about an effect that has happened
            items.push(ledger.check(key).map_err(ToolError::internal)?);
        }
        items.push(question(ledger, table, request, &id).map_err(ToolError::internal)?);
        let Err(error) = ledger.client.transact_write_items().set_transact_items(Some(items)).send().await else {
            return Ok(id);
        };
        let reasons = match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => canceled.cancellation_reasons(),
            _ if passes(&error) => &[],
            _ => return Err(unavailable(OPERATION, &error)),
        };
        match (once, reasons) {
            (Some(_), [record, ..]) if is_condition(record) => return Err(DynamoLedger::repeat(record.item())),
            (_, reasons) if reasons.is_empty() || is_passing(reasons) => {
                if !retry::pause(attempt, request.remaining).await {
                    return Err(contention(OPERATION, &error));
                }
                attempt += 1;
            }
            _ => return Err(ToolError::internal(describe(OPERATION, &error))),
        }
    }
}

fn question(
    ledger: &DynamoLedger,
    table: &str,
    request: &ApprovalRequest,
    id: &str,
) -> Result<TransactWriteItem, BuildError> {
    let mut put = Put::builder()
        .table_name(table)
        .item("id", text(key(request, id)))
        .item("tool", text(&request.tool))
        .item("request", text(&request.key))
        .item("digest", text(request.digest_with(&request.input)))
        .item("input", text(Value::Object(request.input.clone()).to_string()))
        .item("askedAt", number(ledger.clock.now_millis()))
        .item("expiresAt", number(ledger.clock.end_of(request.ttl)));
    if !request.caller.is_empty() {
        put = put.item("caller", text(serde_json::json!(request.caller).to_string()));
    }
    Ok(TransactWriteItem::builder().put(put.build()?).build())
}

/// Records the answer to a question. `false` where the question does not exist, has expired or has been answered, or is
/// about another call.
pub(crate) async fn answer(
    ledger: &DynamoLedger,
    request: &ApprovalRequest,
    id: &str,
    accepted: bool,
) -> Result<bool, ToolError> {
    const OPERATION: &str = "UpdateItem";
    let table = table(ledger)?;
    if id.len() != 32 || !id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return Ok(false);
    }
    // tells a second request of the SDK, after a lost response, from a second answer
    let token = format!("{:032x}", rand::random::<u128>());
    let mut attempt = 1;
    loop {
        let update = ledger
            .client
            .update_item()
            .table_name(table)
            .key("id", text(key(request, id)))
            .update_expression("SET answer = :answer, answeredBy = :token, answeredAt = :millis")
            .condition_expression(
                "attribute_not_exists(answer) AND digest = :digest AND #request = :request AND expiresAt >= :now",
            )
            .expression_attribute_names("#request", "request")
            .expression_attribute_values(":answer", text(if accepted { ACCEPTED } else { DECLINED }))
            .expression_attribute_values(":token", text(&token))
            .expression_attribute_values(":digest", text(request.digest_with(&request.input)))
            .expression_attribute_values(":request", text(&request.key))
            .expression_attribute_values(":now", number(ledger.clock.now()))
            .expression_attribute_values(":millis", number(ledger.clock.now_millis()))
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

fn key(request: &ApprovalRequest, id: &str) -> String {
    format!("{ELICIT}{}#{id}", request.tool)
}

fn table(ledger: &DynamoLedger) -> Result<&str, ToolError> {
    ledger.approvals.as_deref().ok_or_else(|| {
        ToolError::refused(
            "a person must confirm this call first, and no person can be asked here; hand the request over to a person",
        )
    })
}
