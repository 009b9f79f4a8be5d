//! A refund: paid once, or escalated to a person.

use schemars::JsonSchema;
use serde::Deserialize;
use support_desk::{Amount, CHARGE_ID, Desk, ORDER_ID, RefundRequest, RefundResult, caller};
use toolgate::{Committed, Cx, Key, ToolError, key};
use toolgate_dynamodb::{Commit, CommitError};
use validator::Validate;

/// Refund an amount of an order to the customer, with their consent. What goes beyond 500 dollars of automatic refunds
/// for the order becomes a ticket for a person (state `escalated`) instead of money.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RequestRefund {
    /// The order's number, such as ORD-12345.
    #[validate(regex(path = *ORDER_ID))]
    order_id: String,
    /// The amount in dollars, such as 129.95.
    amount: Amount,
    /// Why, in a sentence.
    #[validate(length(min = 1, max = 500))]
    reason: String,
    /// The charge to give back, such as CHG-12345-1, where it is about one charge: a duplicate, say.
    #[validate(regex(path = *CHARGE_ID))]
    charge_id: Option<String>,
}

/// A refund of the same amount for another charge is another effect. A reworded reason is not.
pub(crate) fn effect(refund: &RequestRefund) -> Key {
    key((&refund.order_id, refund.amount.money(), &refund.charge_id))
}

/// Maximum number of plans. An order that has changed needs a new plan, and more changes than this mean contention.
const PLANS: usize = 4;

pub(crate) async fn request_refund(cx: Cx<Desk>, input: RequestRefund) -> Result<Committed<RefundResult>, ToolError> {
    let desk = cx.state();
    let caller = caller(&cx)?;
    let RequestRefund { order_id, amount, reason, charge_id } = input;
    let request = RefundRequest { order_id, amount, reason, charge_id };
    // there is no read first: the write's conditions decide, and the ledger detects a repeat in the same request
    let mut plan = desk.plan_refund(&caller, &request)?;
    for _ in 0..PLANS {
        match cx.commit(desk.ledger(), plan.items, plan.output).await {
            Err(CommitError::Condition { item, .. }) => plan = desk.replan_refund(&caller, &request, item)?,
            committed => return Ok(committed?),
        }
    }
    Err(ToolError::conflict("the order changes too often right now; repeat the same call in a moment"))
}
