//! The behaviour of the tools, and calls that they must refuse.

use serde_json::{Value, json};
use support_desk::{Desk, IDENTITY};
use toolgate::{Service, Wire, testing::call};
use toolgate_dynamodb::{Approvals, Decision};

use crate::kit;

fn order(id: &str) -> Value {
    json!({"orderId": id})
}

fn service(desk: &Desk) -> Service<Desk> {
    orders::router().unwrap().with_state(desk.clone())
}

#[tokio::test]
async fn an_order_charged_twice_names_the_duplicate_and_its_cause() {
    let desk = kit::desk_with_fixtures().await;
    let reply = call(&service(&desk), "get_order_status", order("ORD-123")).await;
    assert_eq!(reply["paidAmount"], "259.90");
    assert_eq!(reply["charges"][1]["duplicateOf"], reply["charges"][0]["chargeId"]);
    assert_eq!(reply["charges"][1]["cause"], "a retry in the payment processor");
}

#[tokio::test]
async fn a_strangers_order_is_not_there_on_any_wire_that_says_who_calls() {
    let desk = kit::desk_with_fixtures().await;
    for wire in [Wire::Function, Wire::Api, Wire::Gateway] {
        for tool in ["get_order_status", "initiate_return"] {
            let reply = call(&service(&desk), tool, order("ORD-12345")).on(wire).identity(IDENTITY, "CUST-10001").await;
            let nothing = call(&service(&desk), tool, order("ORD-404")).on(wire).identity(IDENTITY, "CUST-10001").await;
            match (wire, tool) {
                // the tool has not run yet, because a person must approve first
                (Wire::Gateway, "initiate_return") => drop(reply.assert_error("waiting for approval")),
                _ => assert_eq!(reply.message(), nothing.assert_error("not found").message().replace("404", "12345")),
            }
        }
    }
}

#[tokio::test]
async fn an_approved_return_of_a_strangers_order_still_finds_nothing() {
    let desk = kit::desk_with_fixtures().await;
    let service = service(&desk);
    let attempt =
        || call(&service, "initiate_return", order("ORD-12345")).on(Wire::Gateway).identity(IDENTITY, "CUST-10001");
    let id = attempt().await.message().split('`').nth(1).unwrap().to_owned();
    let approvals = Approvals::new(desk.ledger().client().clone(), "ApprovalsTable");
    let shown = approvals.find(&id).await.unwrap();
    approvals.decide(&shown, Decision::Approve, "dana").await.unwrap();
    attempt().await.assert_error("not found");
}

#[tokio::test]
async fn a_return_happens_once() {
    let desk = kit::desk_with_fixtures().await;
    let start = |reason: &str| json!({"orderId": "ORD-12345", "reason": reason});
    let first = call(&service(&desk), "initiate_return", start("too small")).await;
    let again = call(&service(&desk), "initiate_return", start("it is too small")).await;
    assert_eq!((again.ok(), &again["labelSentTo"]), (first.ok(), &json!("j***@example.com")));
    call(&service(&desk), "initiate_return", order("ORD-12345")).session("another").await.assert_error("conflict");
}
