//! Returns: planned without a check, and checked by the write.

use support_desk::{Caller, DeskError, ReturnStarted};

use crate::help::{World, jane, somebody_else, text};

/// Starts a return as the handler does, without the ledger's record.
async fn start(world: &World, caller: &Caller, order: &str) -> Result<ReturnStarted, DeskError> {
    let plan = world.desk.plan_return(caller, order, Some("too small")).await?;
    match world.write(plan.items).await {
        Ok(()) => Ok(plan.output),
        Err((index, item)) => {
            assert_eq!(index, 0);
            Err(world.desk.why_not_returned(caller, order, item))
        }
    }
}

#[tokio::test]
async fn a_return_is_recorded_in_the_order_and_its_label_goes_to_a_masked_address() {
    let world = World::seeded().await;
    let started = start(&world, &jane(), "ORD-12345").await.unwrap();
    assert_eq!((started.label_sent_to.as_str(), started.refund_within_days), ("j***@example.com", 5));
    let order = world.order("ORD-12345").await;
    let record = order["return"].as_m().unwrap();
    assert_eq!(record["returnId"], text(&started.return_id));
    assert_eq!(record["reason"], text("too small"));
    assert_eq!(record["startedAt"], text("2026-11-20T12:00:00Z"));
    let status = world.desk.order_status(&jane(), "ORD-12345").await.unwrap();
    assert!(!status.returnable);
    // the return is not a refund yet
    assert_eq!(status.refunded_amount.to_string(), "0.00");
}

#[tokio::test]
async fn a_planned_return_has_not_happened() {
    let world = World::seeded().await;
    let before = world.order("ORD-12345").await;
    world.desk.plan_return(&jane(), "ORD-12345", None).await.unwrap();
    assert_eq!(world.order("ORD-12345").await, before);
}

#[tokio::test]
async fn a_second_return_is_a_conflict_and_the_first_stays() {
    let world = World::seeded().await;
    let first = start(&world, &jane(), "ORD-12345").await.unwrap();
    let error = start(&world, &jane(), "ORD-12345").await.unwrap_err();
    assert!(matches!(error, DeskError::Conflict(_)), "{error:?}");
    assert_eq!(error.to_string(), "a return of `ORD-12345` has been started already");
    assert_eq!(world.order("ORD-12345").await["return"].as_m().unwrap()["returnId"], text(first.return_id));
}

#[tokio::test]
async fn an_order_that_cannot_be_returned_says_why() {
    let world = World::seeded().await;
    for (id, change, value, why) in [
        ("ORD-701", "status", "placed", "it is placed"),
        ("ORD-702", "status", "returned", "it is returned"),
        ("ORD-703", "status", "cancelled", "it is cancelled"),
        ("ORD-704", "returnableUntil", "2026-11-20T11:59:59Z", "it could be returned until 2026-11-20"),
    ] {
        world.book(id, &[1_000]).await;
        world.set(id, change, text(value)).await;
        let before = world.order(id).await;
        let error = start(&world, &jane(), id).await.unwrap_err();
        assert!(matches!(error, DeskError::Conflict(_)), "{error:?}");
        assert_eq!(error.to_string(), format!("`{id}` cannot be returned: {why}"));
        assert_eq!(world.order(id).await, before);
    }
}

#[tokio::test]
async fn the_last_second_of_the_window_counts() {
    let world = World::seeded().await;
    world.set("ORD-123", "returnableUntil", text("2026-11-20T12:00:00Z")).await;
    start(&world, &jane(), "ORD-123").await.unwrap();
}

#[tokio::test]
async fn somebody_elses_order_cannot_be_returned_and_does_not_seem_to_exist() {
    let world = World::seeded().await;
    let foreign = start(&world, &somebody_else(), "ORD-12345").await.unwrap_err();
    let missing = start(&world, &somebody_else(), "ORD-404").await.unwrap_err();
    assert!(matches!(foreign, DeskError::NotFound(_)) && matches!(missing, DeskError::NotFound(_)));
    assert_eq!(foreign.to_string(), missing.to_string().replace("ORD-404", "ORD-12345"));
    assert!(!world.order("ORD-12345").await.contains_key("return"));
    start(&world, &Caller::Desk, "ORD-12345").await.unwrap();
}

#[tokio::test]
async fn an_order_that_changes_hands_after_the_plan_is_not_returned() {
    let world = World::seeded().await;
    let plan = world.desk.plan_return(&jane(), "ORD-12345", None).await.unwrap();
    world.set("ORD-12345", "customerId", text("CUST-00001")).await;
    let (_, item) = world.write(plan.items).await.unwrap_err();
    let error = world.desk.why_not_returned(&jane(), "ORD-12345", item);
    assert_eq!(error.to_string(), "there is no order `ORD-12345`");
}

#[tokio::test]
async fn of_two_returns_at_once_one_is_started() {
    let world = World::seeded().await;
    let (jane, desk) = (jane(), Caller::Desk);
    let (one, other) = tokio::join!(start(&world, &jane, "ORD-123"), start(&world, &desk, "ORD-123"));
    assert_eq!([&one, &other].iter().filter(|result| result.is_ok()).count(), 1, "{one:?} {other:?}");
}
