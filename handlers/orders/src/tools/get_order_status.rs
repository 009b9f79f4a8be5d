//! One order, with a single read.

use schemars::JsonSchema;
use serde::Deserialize;
use support_desk::{Desk, ORDER_ID, OrderStatus, caller};
use toolgate::{Cx, ToolError};
use validator::Validate;

/// Look up one order: its status and dates, what was ordered, every charge (with the cause of a duplicate one), what
/// was paid and refunded, and whether it can be returned.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GetOrderStatus {
    /// The order's number, such as ORD-12345.
    #[validate(regex(path = *ORDER_ID))]
    order_id: String,
}

pub(crate) async fn get_order_status(cx: Cx<Desk>, input: GetOrderStatus) -> Result<OrderStatus, ToolError> {
    Ok(cx.state().order_status(&caller(&cx)?, &input.order_id).await?)
}
