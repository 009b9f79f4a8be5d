//! The `billing` action group: invoices and refunds.

mod tools;

use support_desk::{Desk, IDENTITY, IDENTITY_HEADER, identity_claim};
use toolgate::{BuildErrors, Cache, Confirm, Once, Router, Tool, hours, minutes};

use tools::{
    find_invoices::find_invoices,
    request_refund::{effect, request_refund},
};

/// The tools of this group.
///
/// # Errors
/// A tool's declaration is not valid.
pub fn router() -> Result<Router<Desk>, BuildErrors> {
    Router::builder()
        .group("billing")
        .description("Billing: invoices and refunds.")
        .identity([IDENTITY])
        .identity_header(IDENTITY_HEADER, IDENTITY)
        .identity_claim(identity_claim(), IDENTITY)
        .log_targets(["support_desk"])
        .ledger(|desk: &Desk| desk.ledger())
        .tool(
            Tool::new("find_invoices", find_invoices)
                // not shared: a customer sees only their own invoices. No tool changes an invoice.
                .cache(Cache::per_caller(minutes(5)))
                .expose([
                    "count",
                    "totalAmount",
                    "currency",
                    "invoices[].invoiceId",
                    "invoices[].date",
                    "invoices[].amount",
                    "invoices[].status",
                ]),
        )
        .tool(
            Tool::new("request_refund", request_refund)
                .confirm(Confirm::within(hours(24)))
                .once(Once::by(effect).ttl(hours(24)))
                .expose([
                    "refundId",
                    "orderId",
                    "chargeId",
                    "amount",
                    "currency",
                    "state",
                    "ticketId",
                    "expectedInDays",
                ]),
        )
        .build()
}
