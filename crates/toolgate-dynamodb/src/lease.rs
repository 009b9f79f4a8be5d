//! Effects outside of DynamoDB: a lease while the tool runs, and its reply afterwards.
//!
//! `{id, lease, leaseUntil, createdAt, expiresAt, session}`, later with `reply` and without `leaseUntil`.

use std::time::SystemTime;

use aws_sdk_dynamodb::{
    error::BuildError,
    operation::{
        delete_item::DeleteItemError, transact_write_items::TransactWriteItemsError, update_item::UpdateItemError,
    },
    types::{ReturnValuesOnConditionCheckFailure, TransactWriteItem},
};
use serde_json::Value;
use toolgate::{Lease, OnceKey, ToolError};

use crate::{
    approval,
    fault::{contention, describe, is_condition, is_passing, passes, unavailable, unclear},
    item::{Read, millis, number, text},
    retry,
    table::DynamoLedger,
};

const OPERATION: &str = "TransactWriteItems";

pub(crate) async fn begin(ledger: &DynamoLedger, key: &OnceKey, until: SystemTime) -> Result<Lease, ToolError> {
    let lease = Lease { token: format!("{:032x}", rand::random::<u128>()) };
    let mut attempt = 1;
    loop {
        let items = items(ledger, key, &lease, until).map_err(ToolError::internal)?;
        let Err(error) = ledger.client.transact_write_items().set_transact_items(Some(items)).send().await else {
            return Ok(lease);
        };
        let reasons = match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => canceled.cancellation_reasons(),
            _ if passes(&error) => &[],
            _ => return Err(unavailable(OPERATION, &error)),
        };
        match (reasons, key.approval()) {
            ([record, ..], _) if is_condition(record) => {
                let record = record.item();
                // the SDK may have sent the request twice, because the first response was lost
                return match record.and_then(|record| record.text("lease")) == Some(&lease.token) {
                    true => Ok(lease),
                    false => Err(DynamoLedger::repeat(record)),
                };
            }
            ([_, used], Some(approval)) if is_condition(used) => return Err(approval::used_up(&approval.id)),
            (reasons, _) if reasons.is_empty() || is_passing(reasons) => {
                match retry::pause(attempt, left(ledger, until)).await {
                    true => attempt += 1,
                    false => return Err(contention(OPERATION, &error)),
                }
            }
            _ => return Err(ToolError::internal(describe(OPERATION, &error))),
        }
    }
}

/// The write of the lease, and the write that consumes the approval, because one approval allows one effect.
fn items(
    ledger: &DynamoLedger,
    key: &OnceKey,
    lease: &Lease,
    until: SystemTime,
) -> Result<Vec<TransactWriteItem>, BuildError> {
    let put = ledger.put(key).item("lease", text(&lease.token)).item("leaseUntil", number(millis(until))).build()?;
    let mut items = vec![TransactWriteItem::builder().put(put).build()];
    if let (Some(table), Some(approval)) = (&ledger.approvals, key.approval()) {
        items.push(approval::used(table, &approval.key, &approval.id, key.id())?);
    }
    Ok(items)
}

pub(crate) async fn finish(
    ledger: &DynamoLedger,
    key: &OnceKey,
    lease: &Lease,
    reply: &Value,
) -> Result<(), ToolError> {
    let mut attempt = 1;
    loop {
        let request = ledger
            .client
            .update_item()
            .table_name(&ledger.table)
            .key("id", text(key.id()))
            .update_expression("SET reply = :reply REMOVE leaseUntil")
            .condition_expression("lease = :lease")
            .expression_attribute_values(":reply", text(reply.to_string()))
            .expression_attribute_values(":lease", text(&lease.token))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let Err(error) = request.send().await else { return Ok(()) };
        match error.as_service_error() {
            // the lease had expired, and another call has taken it over; its reply was kept first
            Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                return Err(DynamoLedger::repeat(failed.item()));
            }
            _ if passes(&error) && retry::pause(attempt, None).await => attempt += 1,
            _ => return Err(unclear("UpdateItem", &error)),
        }
    }
}

pub(crate) async fn release(ledger: &DynamoLedger, key: &OnceKey, lease: &Lease) -> Result<(), ToolError> {
    let request = ledger
        .client
        .delete_item()
        .table_name(&ledger.table)
        .key("id", text(key.id()))
        .condition_expression("lease = :lease AND attribute_not_exists(reply)")
        .expression_attribute_values(":lease", text(&lease.token));
    match request.send().await {
        Ok(_) => Ok(()),
        Err(error) => match error.as_service_error() {
            // the lease belongs to another call by now
            Some(DeleteItemError::ConditionalCheckFailedException(_)) => Ok(()),
            _ => Err(unavailable("DeleteItem", &error)),
        },
    }
}

fn left(ledger: &DynamoLedger, until: SystemTime) -> Option<std::time::Duration> {
    until.duration_since(ledger.clock.time()).ok()
}
