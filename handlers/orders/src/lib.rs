//! The `orders` action group: the state of an order, and its return.

mod tools;

use support_desk::{Desk, IDENTITY, IDENTITY_HEADER, identity_claim};
use toolgate::{BuildErrors, Confirm, Once, Router, Tool, hours};

use tools::{
    get_order_status::get_order_status,
    initiate_return::{effect, initiate_return},
};

/// The tools of this group.
///
/// # Errors
/// A tool's declaration is not valid.
pub fn router() -> Result<Router<Desk>, BuildErrors> {
    Router::builder()
        .group("orders")
        .description("Orders: their state, their charges, and returns.")
        .identity([IDENTITY])
        .identity_header(IDENTITY_HEADER, IDENTITY)
        .identity_claim(identity_claim(), IDENTITY)
        .log_targets(["support_desk"])
        .ledger(|desk: &Desk| desk.ledger())
        .tool(Tool::new("get_order_status", get_order_status).expose([
            "orderId",
            "customerId",
            "status",
            "orderedAt",
            "shippedAt",
            "deliveredAt",
            "items",
            "charges[].chargeId",
            "charges[].amount",
            "charges[].chargedAt",
            "charges[].duplicateOf",
            "charges[].cause",
            "charges[].refunded",
            "paidAmount",
            "refundedAmount",
            "currency",
            "returnable",
            "returnableUntil",
        ]))
        .tool(
            Tool::new("initiate_return", initiate_return)
                .confirm(Confirm::within(hours(24)))
                .once(Once::by(effect).ttl(hours(24)))
                .expose(["returnId", "orderId", "labelSentTo", "refundWithinDays"]),
        )
        .build()
}
