//! The output for an order.

use serde_json::json;
use support_desk::{Caller, DeskError};

use crate::help::{World, jane, number, somebody_else, text};

#[tokio::test]
async fn an_order_is_returned_with_its_sums_and_its_duplicate_charge() {
    let world = World::seeded().await;
    let order = world.desk.order_status(&jane(), "ORD-123").await.unwrap();
    assert_eq!(
        serde_json::to_value(order).unwrap(),
        json!({
            "orderId": "ORD-123", "customerId": "CUST-12345", "status": "delivered",
            "orderedAt": "2026-11-08T12:00:00Z", "shippedAt": "2026-11-09T12:00:00Z",
            "deliveredAt": "2026-11-12T12:00:00Z",
            "items": [{"name": "Desk lamp", "quantity": 1, "unitPrice": "129.95"}],
            "charges": [
                {"chargeId": "CHG-123-1", "amount": "129.95", "chargedAt": "2026-11-08T12:00:02Z", "refunded": "0.00"},
                {
                    "chargeId": "CHG-123-2", "amount": "129.95", "chargedAt": "2026-11-08T12:00:02Z",
                    "duplicateOf": "CHG-123-1", "cause": "a retry in the payment processor", "refunded": "0.00",
                },
            ],
            "paidAmount": "259.90", "refundedAmount": "0.00", "currency": "USD",
            "returnable": true, "returnableUntil": "2026-12-09T12:00:00Z",
        })
    );
}

#[tokio::test]
async fn the_story_order_was_shipped_five_days_ago_and_can_be_returned() {
    let world = World::seeded().await;
    let order = world.desk.order_status(&jane(), "ORD-12345").await.unwrap();
    assert_eq!(order.status.as_str(), "shipped");
    assert_eq!(order.shipped_at.unwrap().to_string(), "2026-11-15T12:00:00Z");
    assert!(order.returnable && order.delivered_at.is_none());
}

#[tokio::test]
async fn an_amount_that_is_changed_in_the_table_shows() {
    let world = World::seeded().await;
    world.set("ORD-123", "charges[1].amountCents", number(4_242)).await;
    let order = world.desk.order_status(&jane(), "ORD-123").await.unwrap();
    assert_eq!(order.charges[1].amount.to_string(), "42.42");
    assert_eq!(order.paid_amount.to_string(), "172.37");
}

#[tokio::test]
async fn refunds_add_up() {
    let world = World::seeded().await;
    for amount in ["10.10", "0.01"] {
        world.refund(&jane(), "ORD-123", amount).await.unwrap();
    }
    let order = world.desk.order_status(&jane(), "ORD-123").await.unwrap();
    assert_eq!((order.paid_amount.to_string(), order.refunded_amount.to_string()), ("259.90".into(), "10.11".into()));
}

#[tokio::test]
async fn what_is_returnable_depends_on_state_window_and_return() {
    let world = World::seeded().await;
    for (id, change, value, returnable) in [
        ("ORD-701", "status", "placed", false),
        ("ORD-702", "status", "shipped", true),
        ("ORD-703", "status", "delivered", true),
        ("ORD-704", "status", "returned", false),
        ("ORD-705", "status", "cancelled", false),
        ("ORD-706", "returnableUntil", "2026-11-20T12:00:00Z", true),
        ("ORD-707", "returnableUntil", "2026-11-20T11:59:59Z", false),
        ("ORD-708", "return", "started", false),
    ] {
        world.book(id, &[1_000]).await;
        world.set(id, change, text(value)).await;
        let order = world.desk.order_status(&jane(), id).await.unwrap();
        assert_eq!(order.returnable, returnable, "{change} {value}");
    }
}

#[tokio::test]
async fn somebody_elses_order_looks_like_one_that_does_not_exist() {
    let world = World::seeded().await;
    let foreign = world.desk.order_status(&somebody_else(), "ORD-123").await.unwrap_err();
    assert!(matches!(foreign, DeskError::NotFound(_)), "{foreign:?}");
    for (caller, id) in [(somebody_else(), "ORD-404"), (jane(), "ORD-99999"), (Caller::Desk, "ORD-404")] {
        let missing = world.desk.order_status(&caller, id).await.unwrap_err();
        assert!(matches!(missing, DeskError::NotFound(_)), "{missing:?}");
        assert_eq!(foreign.to_string(), missing.to_string().replace(id, "ORD-123"));
    }
}

#[tokio::test]
async fn an_order_takes_one_request() {
    let world = World::seeded().await;
    let (desk, requests) = world.counted();
    desk.order_status(&jane(), "ORD-123").await.unwrap();
    assert_eq!(requests.count(), 1);
    desk.order_status(&jane(), "ORD-404").await.unwrap_err();
    assert_eq!(requests.count(), 2);
}
