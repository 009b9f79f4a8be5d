//! The behaviour of the tools, and calls that they must refuse.

use serde_json::{Value, json};
use support_desk::{Desk, IDENTITY};
use toolgate::{Service, Wire, testing::call};
use toolgate_dynamodb::{Approvals, Decision};

use crate::kit;

async fn service() -> Service<Desk> {
    customers::router().unwrap().with_state(kit::desk_with_fixtures().await)
}

#[tokio::test]
async fn an_account_is_returned_without_its_history_unless_requested() {
    let reply = call(&service().await, "get_customer_info", json!({"customerId": "CUST-12345"})).await;
    assert_eq!((&reply["name"], &reply["accountStatus"]), (&json!("Jane Doe"), &json!("active")));
    assert_eq!(reply["orderHistory"], Value::Null);
}

#[tokio::test]
async fn a_bound_session_sees_and_changes_one_customer_only() {
    let service = service().await;
    for wire in [Wire::Function, Wire::Api, Wire::Gateway] {
        for (tool, input) in [
            ("get_customer_info", json!({"customerId": "CUST-10001"})),
            ("get_customer_info", json!({"customerId": "CUST-10001", "includeOrderHistory": true})),
            ("update_user_account", json!({"customerId": "CUST-10001", "email": "mine@example.com"})),
        ] {
            let reply = call(&service, tool, input).on(wire).identity(IDENTITY, "CUST-12345").await;
            assert!(matches!(reply.kind(), Some("not found" | "refused")), "{wire} {tool}: {:?}", reply.body());
            assert!(!reply.raw().to_string().contains("accounts@acme.example"));
        }
        let own = call(&service, "get_customer_info", json!({"customerId": "CUST-12345"})).on(wire);
        own.identity(IDENTITY, "CUST-12345").await.ok();
    }
    let acme = call(&service, "get_customer_info", json!({"customerId": "CUST-10001"})).await;
    assert_eq!(acme["email"], "accounts@acme.example", "nothing was changed");
}

#[tokio::test]
async fn a_new_email_waits_for_a_person_where_nobody_asked_and_a_new_phone_number_does_not() {
    let desk = kit::desk_with_fixtures().await;
    let approvals = Approvals::new(desk.ledger().client().clone(), "ApprovalsTable");
    let service = customers::router().unwrap().with_state(desk);
    for wire in [Wire::Gateway, Wire::Direct] {
        let email = format!("{}@example.com", wire.name());
        let update = |fields: Value| {
            let mut input = json!({"customerId": "CUST-12345"});
            input.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            call(&service, "update_user_account", input).on(wire).identity(IDENTITY, "CUST-12345")
        };
        let phone = update(json!({"phone": "+1 555-010-9999", "address": "2 New Street"})).await;
        assert_eq!(phone["updated"], json!(["phone", "address"]));
        for fields in [json!({"email": email}), json!({"email": email, "phone": "+1 555-010-9998"})] {
            let waiting = update(fields.clone()).await;
            waiting.assert_error("waiting for approval");
            let id = waiting.message().split('`').nth(1).unwrap().to_owned();
            approvals.decide(&approvals.find(&id).await.unwrap(), Decision::Approve, "dana").await.unwrap();
            assert_eq!(update(fields).await["updated"][0], "email");
        }
        let reply = call(&service, "get_customer_info", json!({"customerId": "CUST-12345"})).await;
        assert_eq!(reply["email"], json!(email));
    }
    // Bedrock Agents has already asked a person
    let input = json!({"customerId": "CUST-12345", "email": "agents@example.com"});
    call(&service, "update_user_account", input).on(Wire::Function).await.ok();
}

#[tokio::test]
async fn what_nobody_may_set_is_set_on_no_wire_in_no_spelling() {
    let service = service().await;
    for wire in Wire::ALL {
        for field in ["accountStatus", "creditLimit", "role", "account_status", "AccountStatus", "ROLE", "credit-limit"]
        {
            let input = json!({"customerId": "CUST-12345", "email": "new@example.com", field: "admin"});
            let reply = call(&service, "update_user_account", input).on(wire).identity(IDENTITY, "CUST-12345").await;
            reply.assert_error("refused").assert_message_contains("You don't have permission to modify");
        }
    }
    let jane = call(&service, "get_customer_info", json!({"customerId": "CUST-12345"})).await;
    assert_eq!((&jane["email"], &jane["accountStatus"]), (&json!("jane.doe@example.com"), &json!("active")));
}

#[tokio::test]
async fn all_problems_are_reported_at_once() {
    let input = json!({"customerId": "12345", "email": "nobody", "phone": "call me", "emial": "x"});
    let reply = call(&service().await, "update_user_account", input).await;
    reply.assert_error("invalid");
    let paths: Vec<_> = reply["error"]["problems"].as_array().unwrap().iter().map(|problem| &problem["path"]).collect();
    for path in ["customerId", "email", "phone", "emial"] {
        assert!(paths.iter().any(|found| *found == path), "{path} in {paths:?}");
    }
}
