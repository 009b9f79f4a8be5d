//! Accounts and contact details.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use support_desk::{Caller, ContactDetails, DeskError, Item};

use crate::help::{JANE, World, jane, number, somebody_else, text};

async fn customer(world: &World, id: &str) -> Item {
    let get = world.client.get_item().table_name(&world.tables.customers).key("customerId", text(id));
    get.send().await.unwrap().item.unwrap()
}

#[tokio::test]
async fn an_account_is_returned_without_its_orders_unless_they_are_requested() {
    let world = World::seeded().await;
    let info = world.desk.customer_info(&jane(), JANE, false).await.unwrap();
    let info = serde_json::to_value(info).unwrap();
    assert_eq!(
        info,
        json!({
            "customerId": JANE, "name": "Jane Doe", "email": "jane.doe@example.com", "accountStatus": "active",
            "billingAddress": "12 Elm Street, Springfield, IL 62701", "creditLimit": "2000.00",
        })
    );
}

#[tokio::test]
async fn the_history_holds_the_orders_of_the_past_twelve_months_newest_first() {
    let world = World::seeded().await;
    // exact to the second: the start of the window is inside, one second earlier is outside
    for (id, at) in
        [("ORD-501", "2025-11-20T12:00:00Z"), ("ORD-502", "2025-11-20T11:59:59Z"), ("ORD-503", "2026-11-20T11:00:00Z")]
    {
        world.book(id, &[1_000]).await;
        world.set(id, "orderedAt", text(at)).await;
    }
    let info = world.desk.customer_info(&jane(), JANE, true).await.unwrap();
    let history = serde_json::to_value(info.order_history.unwrap()).unwrap();
    let ids: Vec<_> = history.as_array().unwrap().iter().map(|order| order["orderId"].as_str().unwrap()).collect();
    assert_eq!(ids, ["ORD-503", "ORD-12345", "ORD-123", "ORD-12001", "ORD-501"]);
    assert_eq!(
        history[2],
        json!({
            "orderId": "ORD-123", "status": "delivered", "orderedAt": "2026-11-08T12:00:00Z",
            "paidAmount": "259.90", "currency": "USD",
        })
    );
}

#[tokio::test]
async fn a_history_longer_than_one_page_is_returned_in_full() {
    let world = World::seeded().await;
    let mut order = world.order("ORD-12345").await;
    order.insert("note".into(), text("n".repeat(300_000)));
    for place in 0..5 {
        order.insert("orderId".into(), text(format!("ORD-60{place}")));
        world.put(&world.tables.orders, order.clone()).await;
    }
    let info = world.desk.customer_info(&jane(), JANE, true).await.unwrap();
    assert_eq!(info.order_history.unwrap().len(), 3 + 5);
}

#[tokio::test]
async fn somebody_elses_account_looks_like_one_that_does_not_exist() {
    let world = World::seeded().await;
    let change = || ContactDetails { phone: Some("+1 555-010-0199".into()), ..Default::default() };
    let foreign = world.desk.customer_info(&somebody_else(), JANE, true).await.unwrap_err();
    let missing = world.desk.customer_info(&Caller::Desk, "CUST-99999", true).await.unwrap_err();
    for error in [&foreign, &missing] {
        assert!(matches!(error, DeskError::NotFound(_)), "{error:?}");
    }
    assert_eq!(foreign.to_string(), missing.to_string().replace("CUST-99999", JANE));
    let foreign = world.desk.update_account(&somebody_else(), JANE, change()).await.unwrap_err();
    let missing = world.desk.update_account(&Caller::Desk, "CUST-99999", change()).await.unwrap_err();
    assert!(matches!(missing, DeskError::NotFound(_)), "{missing:?}");
    assert_eq!(foreign.to_string(), missing.to_string().replace("CUST-99999", JANE));
}

#[tokio::test]
async fn an_unknown_customer_is_not_created_by_an_update() {
    let world = World::empty().await;
    let change = ContactDetails { email: Some("new@example.com".into()), ..Default::default() };
    world.desk.update_account(&Caller::Desk, "CUST-99999", change).await.unwrap_err();
    assert!(world.all(&world.tables.customers).await.is_empty());
}

#[tokio::test]
async fn an_update_changes_what_it_names_and_nothing_else() {
    let world = World::seeded().await;
    let before = customer(&world, JANE).await;
    let change = ContactDetails {
        phone: Some("+1 555-010-0199".into()),
        address: Some("1 New Road, Salem, OH 44460".into()),
        ..Default::default()
    };
    let updated = world.desk.update_account(&jane(), JANE, change).await.unwrap();
    assert_eq!(serde_json::to_value(updated).unwrap(), json!({"customerId": JANE, "updated": ["phone", "address"]}));
    let mut expected = before;
    expected.insert("phone".into(), text("+1 555-010-0199"));
    expected.insert("billingAddress".into(), text("1 New Road, Salem, OH 44460"));
    assert_eq!(customer(&world, JANE).await, expected);
    let info = world.desk.customer_info(&jane(), JANE, false).await.unwrap();
    assert_eq!(info.billing_address, "1 New Road, Salem, OH 44460");
}

#[tokio::test]
async fn an_update_of_nothing_is_invalid() {
    let world = World::empty().await;
    let error = world.desk.update_account(&jane(), JANE, ContactDetails::default()).await.unwrap_err();
    assert!(matches!(error, DeskError::Invalid(_)), "{error:?}");
}

#[tokio::test]
async fn an_item_that_is_not_as_written_fails_without_telling_its_value() {
    let world = World::seeded().await;
    let mut item = customer(&world, JANE).await;
    item.insert("email".into(), number(4711));
    item.insert("name".into(), AttributeValue::S("Somebody".into()));
    world.put(&world.tables.customers, item).await;
    let error = world.desk.customer_info(&jane(), JANE, false).await.unwrap_err();
    let DeskError::Store(source) = &error else { panic!("{error:?}") };
    assert_eq!(source.to_string(), "an item has no readable `email`");
    let converted: toolgate::ToolError = error.into();
    assert_eq!((converted.kind(), converted.message().contains("email")), (toolgate::ErrorKind::Internal, false));
}
