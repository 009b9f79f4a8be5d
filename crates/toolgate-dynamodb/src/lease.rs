//! Effects outside of DynamoDB: a lease while the tool runs, and its reply when it is over.
//!
//! `{id, lease, leaseUntil, createdAt, expiresAt, session}`, later with `reply` and without `leaseUntil`.

use std::time::SystemTime;

use aws_sdk_dynamodb::{
    operation::{delete_item::DeleteItemError, put_item::PutItemError, update_item::UpdateItemError},
    types::ReturnValuesOnConditionCheckFailure,
};
use serde_json::Value;
use toolgate::{Lease, OnceKey, ToolError};

use crate::{
    fault::{contention, passes, unavailable, unclear},
    item::{Read, millis, number, text},
    ledger::{FREE, Ledger},
    retry,
};

pub(crate) async fn begin(ledger: &Ledger, key: &OnceKey, until: SystemTime) -> Result<Lease, ToolError> {
    let lease = Lease { token: format!("{:032x}", rand::random::<u128>()) };
    let mut attempt = 1;
    loop {
        let request = ledger
            .client
            .put_item()
            .table_name(&ledger.table)
            .item("id", text(key.id()))
            .item("lease", text(&lease.token))
            .item("leaseUntil", number(millis(until)))
            .item("createdAt", number(ledger.clock.now()))
            .item("expiresAt", number(ledger.clock.end_of(key.ttl())))
            .condition_expression(FREE)
            .expression_attribute_values(":now", number(ledger.clock.now()))
            .expression_attribute_values(":millis", number(ledger.clock.now_millis()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let error = match request.send().await {
            Ok(_) => return Ok(lease),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(failed)) => {
                let record = failed.item();
                // the SDK may have sent it twice, the first answer having been lost
                return match record.and_then(|record| record.text("lease")) == Some(&lease.token) {
                    true => Ok(lease),
                    false => Err(Ledger::repeat(record)),
                };
            }
            _ if passes(&error) => match retry::pause(attempt, left(until)).await {
                true => attempt += 1,
                false => return Err(contention("PutItem", &error)),
            },
            _ => return Err(unavailable("PutItem", &error)),
        }
    }
}

pub(crate) async fn finish(ledger: &Ledger, key: &OnceKey, lease: &Lease, reply: &Value) -> Result<(), ToolError> {
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
        let error = match request.send().await {
            Ok(_) => return Ok(()),
            Err(error) => error,
        };
        match error.as_service_error() {
            // the lease had ended, and another call has taken it over: its reply is the first one that was kept
            Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                return Err(Ledger::repeat(failed.item()));
            }
            _ if passes(&error) && retry::pause(attempt, None).await => attempt += 1,
            _ => return Err(unclear("UpdateItem", &error)),
        }
    }
}

pub(crate) async fn release(ledger: &Ledger, key: &OnceKey, lease: &Lease) -> Result<(), ToolError> {
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
            // it is another's by now
            Some(DeleteItemError::ConditionalCheckFailedException(_)) => Ok(()),
            _ => Err(unavailable("DeleteItem", &error)),
        },
    }
}

fn left(until: SystemTime) -> Option<std::time::Duration> {
    until.duration_since(SystemTime::now()).ok()
}
