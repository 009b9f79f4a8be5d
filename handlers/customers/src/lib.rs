//! The `customers` action group: reads and changes of a customer's account.

mod tools;

use support_desk::{Desk, IDENTITY, IDENTITY_HEADER, identity_claim};
use toolgate::{BuildErrors, Confirm, Router, Tool, hours};

use tools::{
    get_customer_info::get_customer_info,
    update_user_account::{UpdateUserAccount, own_customer, update_user_account},
};

/// The tools of this group.
///
/// # Errors
/// A tool's declaration is not valid.
pub fn router() -> Result<Router<Desk>, BuildErrors> {
    Router::builder()
        .group("customers")
        .description("Customer accounts: who a customer is, and their contact details.")
        .identity([IDENTITY])
        .identity_header(IDENTITY_HEADER, IDENTITY)
        .identity_claim(identity_claim(), IDENTITY)
        .log_targets(["support_desk"])
        .ledger(|desk: &Desk| desk.ledger())
        .tool(Tool::new("get_customer_info", get_customer_info).expose([
            "customerId",
            "name",
            "email",
            "accountStatus",
            "billingAddress",
            "orderHistory",
        ]))
        .tool(
            Tool::new("update_user_account", update_user_account)
                .refuse(["accountStatus", "creditLimit", "role"])
                .with(own_customer)
                // a person who controls the e-mail address can take over the account
                .confirm(Confirm::within(hours(24)).when(UpdateUserAccount::changes_email))
                .expose(["customerId", "updated"]),
        )
        .build()
}
