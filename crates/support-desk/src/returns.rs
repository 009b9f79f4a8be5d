//! Returns.

use aws_sdk_dynamodb::types::{ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    caller::Caller,
    desk::{Desk, Plan},
    error::DeskError,
    ids,
    item::{Item, Read, map, text},
    order::{OrderStatus, seen},
};

/// Days from the arrival of a returned parcel to the refund.
const REFUND_WITHIN_DAYS: u32 = 5;

/// A return that has been started.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReturnStarted {
    /// The return's id.
    pub return_id: String,
    /// The order's number.
    pub order_id: String,
    /// The masked e-mail address that the prepaid label was sent to.
    pub label_sent_to: String,
    /// Days from the parcel's arrival to the refund.
    pub refund_within_days: u32,
}

impl Desk {
    /// Plans the return of an order. The write's condition decides whether the order is returnable, not this function,
    /// because a repeat of a started return must reach the ledger first.
    ///
    /// # Errors
    /// `NotFound`, where the order does not exist or does not belong to the caller. `Store`.
    pub async fn plan_return(
        &self,
        caller: &Caller,
        order_id: &str,
        reason: Option<&str>,
    ) -> Result<Plan<ReturnStarted>, DeskError> {
        let order = self.order(order_id).await?;
        let customer_id = seen(caller, order_id, Some(&order))?.text("customerId")?;
        let customer = self.customer(&customer_id).await?;
        let now = self.clock.now().to_string();
        let output = ReturnStarted {
            return_id: ids::new("RET-"),
            order_id: order_id.to_owned(),
            label_sent_to: mask(&customer.text("email")?),
            refund_within_days: REFUND_WITHIN_DAYS,
        };
        let record = map([
            ("returnId", text(&output.return_id)),
            ("startedAt", text(&now)),
            ("reason", text(reason.unwrap_or_default())),
        ]);
        let update = Update::builder()
            .table_name(&self.tables.orders)
            .key("orderId", text(order_id))
            .update_expression("SET #return = :return")
            .condition_expression(
                "customerId = :customer AND attribute_not_exists(#return) AND returnableUntil >= :now \
                 AND (#status = :shipped OR #status = :delivered)",
            )
            .expression_attribute_names("#return", "return")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":return", record)
            .expression_attribute_values(":customer", text(customer_id))
            .expression_attribute_values(":now", text(now))
            .expression_attribute_values(":shipped", text("shipped"))
            .expression_attribute_values(":delivered", text("delivered"))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(|error| DeskError::Store(error.into()))?;
        Ok(Plan { items: vec![TransactWriteItem::builder().update(update).build()], output })
    }

    /// Why a planned return failed, from the current order.
    pub fn why_not_returned(&self, caller: &Caller, order_id: &str, item: Option<Item>) -> DeskError {
        let order = seen(caller, order_id, item.as_ref()).and_then(|item| {
            let started = item.contains_key("return");
            Ok((started, OrderStatus::read(item, self.clock.now())?))
        });
        match order {
            Err(error) => error,
            Ok((true, _)) => DeskError::Conflict(format!("a return of `{order_id}` has been started already")),
            Ok((false, order)) => {
                let why = match (order.status.as_str(), order.returnable_until) {
                    ("shipped" | "delivered", Some(until)) => {
                        format!("it could be returned until {}", until.strftime("%Y-%m-%d"))
                    }
                    (status, _) => format!("it is {status}"),
                };
                DeskError::Conflict(format!("`{order_id}` cannot be returned: {why}"))
            }
        }
    }
}

/// Masks an e-mail address: `jane.doe@example.com` becomes `j***@example.com`.
fn mask(email: &str) -> String {
    let (name, domain) = email.split_once('@').unwrap_or((email, "***"));
    format!("{}***@{domain}", name.chars().next().map(String::from).unwrap_or_default())
}
