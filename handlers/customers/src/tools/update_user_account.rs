//! Changes contact details, and nothing else of an account.

use schemars::JsonSchema;
use serde::Deserialize;
use support_desk::{AccountUpdated, CUSTOMER_ID, ContactDetails, Desk, PHONE, caller};
use toolgate::{Call, Cx, Next, Outcome, ToolError};
use validator::Validate;

/// Change a customer's contact details: e-mail address, phone number or postal address. Give at least one of them.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct UpdateUserAccount {
    /// The customer's id, such as CUST-12345.
    #[validate(regex(path = *CUSTOMER_ID))]
    customer_id: String,
    /// The new e-mail address.
    #[validate(email, length(max = 254))]
    email: Option<String>,
    /// The new phone number in international form, such as +1 555-010-0199.
    #[validate(regex(path = *PHONE))]
    phone: Option<String>,
    /// The new postal address on one line.
    #[validate(length(min = 5, max = 200))]
    address: Option<String>,
}

impl UpdateUserAccount {
    pub(crate) fn changes_email(&self) -> bool {
        self.email.is_some()
    }
}

/// A bound session may change its own customer only. This middleware runs before a person is asked, so that a person is
/// never asked about another customer's account.
pub(crate) async fn own_customer(call: Call<Desk>, next: Next<Desk>) -> Outcome {
    let customer_id = call.input().get("customerId").and_then(|id| id.as_str()).unwrap_or_default();
    caller(call.cx())?.check(customer_id)?;
    next.run(call).await
}

pub(crate) async fn update_user_account(cx: Cx<Desk>, input: UpdateUserAccount) -> Result<AccountUpdated, ToolError> {
    let UpdateUserAccount { customer_id, email, phone, address } = input;
    let details = ContactDetails { email, phone, address };
    Ok(cx.state().update_account(&caller(&cx)?, &customer_id, details).await?)
}
