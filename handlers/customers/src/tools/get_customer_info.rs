//! A customer's account.

use schemars::JsonSchema;
use serde::Deserialize;
use support_desk::{CUSTOMER_ID, CustomerInfo, Desk, caller};
use toolgate::{Cx, ToolError};
use validator::Validate;

/// Look up a customer's account: name, e-mail address, account status and billing address; on request also the orders
/// of the past 12 months.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GetCustomerInfo {
    /// The customer's id, such as CUST-12345.
    #[validate(regex(path = *CUSTOMER_ID))]
    customer_id: String,
    /// True to return the customer's orders of the past 12 months as well.
    include_order_history: Option<bool>,
}

pub(crate) async fn get_customer_info(cx: Cx<Desk>, input: GetCustomerInfo) -> Result<CustomerInfo, ToolError> {
    let history = input.include_order_history.unwrap_or(false);
    Ok(cx.state().customer_info(&caller(&cx)?, &input.customer_id, history).await?)
}
