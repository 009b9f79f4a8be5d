//! A return, which starts once.

use schemars::JsonSchema;
use serde::Deserialize;
use support_desk::{Desk, ORDER_ID, ReturnStarted, caller};
use toolgate::{Committed, Cx, Key, ToolError, key};
use toolgate_dynamodb::{Commit, CommitError};
use validator::Validate;

/// Start the return of an order: the customer gets a prepaid label by e-mail, and the money back after the parcel has
/// arrived. Only while the order is returnable, and with the customer's consent.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct InitiateReturn {
    /// The order's number, such as ORD-12345.
    #[validate(regex(path = *ORDER_ID))]
    order_id: String,
    /// Why the customer returns it, in their words.
    #[validate(length(max = 500))]
    reason: Option<String>,
}

/// An order is returned once, for any reason.
pub(crate) fn effect(input: &InitiateReturn) -> Key {
    key(&input.order_id)
}

pub(crate) async fn initiate_return(
    cx: Cx<Desk>,
    input: InitiateReturn,
) -> Result<Committed<ReturnStarted>, ToolError> {
    let desk = cx.state();
    let caller = caller(&cx)?;
    let plan = desk.plan_return(&caller, &input.order_id, input.reason.as_deref()).await?;
    match cx.commit(desk.ledger(), plan.items, plan.output).await {
        Err(CommitError::Condition { item, .. }) => Err(desk.why_not_returned(&caller, &input.order_id, item).into()),
        committed => Ok(committed?),
    }
}
