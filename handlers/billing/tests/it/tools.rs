//! The behaviour of the tools, and calls that they must refuse.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use support_desk::{Desk, IDENTITY};
use toolgate::{Service, Wire, testing::call};
use toolgate_dynamodb::{Approvals, Decision};

use crate::kit;

async fn service() -> Service<Desk> {
    billing::router().unwrap().with_state(kit::desk_with_fixtures().await)
}

fn refund(order: &str, amount: impl Into<Value>) -> Value {
    json!({"orderId": order, "amount": amount.into(), "reason": "charged twice"})
}

#[tokio::test]
async fn invoices_above_an_amount_are_counted_and_added_up() {
    let input = json!({"customer": "acme corp", "from": "2026-01-01", "to": "2026-03-31", "minAmount": 10000});
    let reply = call(&service().await, "find_invoices", input).await;
    assert_eq!((&reply["count"], &reply["totalAmount"]), (&json!(3), &json!("39500.00")));
}

#[tokio::test]
async fn a_bound_session_finds_no_other_companys_invoices() {
    let service = service().await;
    for wire in [Wire::Function, Wire::Api, Wire::Gateway] {
        for customer in ["Acme Corp", "ACME CORP", "CUST-10001"] {
            let reply = call(&service, "find_invoices", json!({"customer": customer})).on(wire);
            let reply = reply.identity(IDENTITY, "CUST-12345").await;
            assert!(matches!(reply.kind(), Some("not found" | "refused")), "{wire} {customer}: {:?}", reply.body());
        }
    }
}

#[tokio::test]
async fn invoices_are_read_once_for_a_session_and_never_shown_to_another_customer() {
    let desk = kit::desk_with_fixtures().await;
    let service = billing::router().unwrap().with_state(desk.clone());
    let find = |session: &str, customer: &str| {
        let found = call(&service, "find_invoices", json!({"customer": "Acme Corp"}));
        found.session(session).identity(IDENTITY, customer)
    };
    let first = find("s-1", "CUST-10001").await;
    assert_eq!(first["count"], 47);
    let delete = desk.ledger().client().delete_item().table_name("InvoicesTable");
    delete.key("invoiceId", AttributeValue::S("INV-2026-001".to_owned())).send().await.unwrap();
    assert_eq!(find("s-1", "CUST-10001").await.ok(), first.ok());
    assert_eq!(find("s-2", "CUST-10001").await["count"], 46);
    find("s-1", "CUST-12345").await.assert_error("not found");
}

#[tokio::test]
async fn a_refund_is_paid_once_however_it_is_worded_and_spelled() {
    let service = service().await;
    let first = call(&service, "request_refund", refund("ORD-123", 129.95)).await;
    assert_eq!((&first["state"], &first["amount"]), (&json!("refunded"), &json!("129.95")));
    for amount in [json!("129.95"), json!("129.950"), json!(129.95)] {
        let mut input = refund("ORD-123", amount);
        input["reason"] = "they were charged two times".into();
        assert_eq!(call(&service, "request_refund", input).await.ok(), first.ok());
    }
}

#[tokio::test]
async fn many_small_refunds_do_not_get_around_the_limit() {
    let service = service().await;
    let mut paid = 0;
    for cents in 0..40 {
        let amount = format!("30.{cents:02}");
        let wire = if cents % 2 == 0 { Wire::Function } else { Wire::Api };
        let call =
            call(&service, "request_refund", refund("ORD-12001", amount)).on(wire).session(format!("s-{}", cents % 5));
        let reply = call.await;
        match reply["state"].as_str() {
            Some("refunded") => paid += 3_000 + cents,
            Some("escalated") => assert!(reply["ticketId"].is_string() && reply["refundId"].is_null()),
            _ => panic!("{:?}", reply.body()),
        }
    }
    assert!((47_000..=50_000).contains(&paid), "{paid} cents were paid without a person");
}

#[tokio::test]
async fn no_refund_exceeds_what_was_paid_or_goes_to_a_stranger() {
    let service = service().await;
    for amount in ["259.91", "0", "-1", "1e3", "NaN", "1,000", "12.345"] {
        let reply = call(&service, "request_refund", refund("ORD-123", amount)).await;
        assert!(matches!(reply.kind(), Some("invalid" | "refused")), "{amount}: {:?}", reply.body());
    }
    let stranger = call(&service, "request_refund", refund("ORD-123", "1.00")).identity(IDENTITY, "CUST-10001").await;
    let nothing = call(&service, "request_refund", refund("ORD-404", "1.00")).identity(IDENTITY, "CUST-10001").await;
    assert_eq!(stranger.assert_error("not found").message(), nothing.message().replace("404", "123"));
}

#[tokio::test]
async fn where_nobody_asks_a_refund_waits_for_a_person_and_runs_as_approved() {
    let desk = kit::desk_with_fixtures().await;
    let approvals = Approvals::new(desk.ledger().client().clone(), "ApprovalsTable");
    let service = billing::router().unwrap().with_state(desk);
    for (wire, amount) in [(Wire::Gateway, "10.00"), (Wire::Direct, "20.00")] {
        let ask = |amount: &str| {
            call(&service, "request_refund", refund("ORD-123", amount)).on(wire).identity(IDENTITY, "CUST-12345")
        };
        let waiting = ask(amount).await;
        waiting.assert_error("waiting for approval");
        let id = waiting.message().split('`').nth(1).unwrap().to_owned();
        let shown = approvals.find(&id).await.unwrap();
        approvals.decide(&shown, Decision::Approve, "dana").await.unwrap();
        let paid = ask(amount).await;
        assert_eq!((&paid["state"], &paid["amount"]), (&json!("refunded"), &json!(amount)));
        assert_eq!(ask(amount).await.ok(), paid.ok());
        ask("10.01").await.assert_error("waiting for approval");
    }
}
