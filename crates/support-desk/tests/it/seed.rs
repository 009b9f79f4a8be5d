//! The seed data: its amount, the values that never occur in it, and the renewal of its fixtures.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;
use support_desk::{Clock, Item, seed};

use crate::{
    help::{World, cents, jane, number, sum, text},
    kit,
};

fn at(time: &str) -> Clock {
    Clock::fixed(time.parse().unwrap())
}

/// More than a day after the first seeding.
const LATER: &str = "2026-11-21T12:00:01Z";

async fn again(world: &World, time: &str) -> (usize, usize) {
    let seeded = seed::run(&world.client, &world.tables, &at(time)).await.unwrap();
    (seeded.written, seeded.renewed)
}

/// All items, by table and key.
async fn everything(world: &World) -> BTreeMap<String, Item> {
    let mut all = BTreeMap::new();
    for (table, key, _) in world.tables.keys() {
        let items = world.all(table).await.into_iter();
        all.extend(items.map(|item| (format!("{table} {}", item[key].as_s().unwrap()), item)));
    }
    all
}

/// As `assert_eq`, but it prints only the keys of the items that differ.
fn assert_same(one: &BTreeMap<String, Item>, other: &BTreeMap<String, Item>) {
    let keys: HashSet<_> = one.keys().chain(other.keys()).collect();
    let different: Vec<_> = keys.into_iter().filter(|key| one.get(*key) != other.get(*key)).collect();
    assert!(different.is_empty(), "{different:?}");
    assert!(one.len() >= 1_500);
}

#[tokio::test]
async fn there_are_200_customers_1000_orders_and_300_invoices() {
    let (client, tables) = (kit::client().await, support_desk::tables::Tables::named_as_in_template());
    kit::create_tables(&client, &tables).await;
    let seeded = seed::run(&client, &tables, &kit::clock()).await.unwrap();
    assert_eq!((seeded.written, seeded.renewed), (1_500, 0));
    assert_eq!(seeded.to_string(), "the support desk was filled with 1500 items");
    for (table, count) in [(&tables.customers, 200), (&tables.orders, 1_000), (&tables.invoices, 300)] {
        let pages = client.scan().table_name(table).into_paginator().items().send();
        let items: Vec<Item> = pages.collect::<Result<_, _>>().await.unwrap();
        assert_eq!(items.len(), count, "{table}");
    }
}

#[tokio::test]
async fn some_ids_are_never_seeded() {
    let world = World::seeded().await;
    for (table, key, ids) in [
        (&world.tables.customers, "customerId", vec!["CUST-99999"]),
        (&world.tables.orders, "orderId", vec!["ORD-99999", "ORD-404"]),
    ] {
        let items = world.all(table).await;
        for id in ids {
            assert!(items.iter().all(|item| item[key] != text(id)), "{id}");
        }
    }
}

#[tokio::test]
async fn every_seeded_order_can_be_read_and_makes_sense() {
    let world = World::seeded().await;
    let customers: HashSet<String> = world
        .all(&world.tables.customers)
        .await
        .iter()
        .map(|item| item["customerId"].as_s().unwrap().clone())
        .collect();
    let now: Timestamp = kit::NOW.parse().unwrap();
    for item in world.all(&world.tables.orders).await {
        let id = item["orderId"].as_s().unwrap();
        assert!(support_desk::ORDER_ID.is_match(id) && customers.contains(item["customerId"].as_s().unwrap()), "{id}");
        assert_eq!(cents(&item, "refundableCents"), sum(&item, "charges") - sum(&item, "refunds"), "{id}");
        let order = world.desk.order_status(&support_desk::Caller::Desk, id).await.unwrap();
        let lines: i64 = order.items.iter().map(|line| line.quantity * line.unit_price.to_cents()).sum();
        assert_eq!(order.charges[0].amount.to_cents(), lines, "{id}");
        let times = [Some(order.ordered_at), order.shipped_at, order.delivered_at, Some(now)];
        let times: Vec<_> = times.into_iter().flatten().collect();
        assert!(times.is_sorted(), "{id}: {times:?}");
        let (shipped, delivered) = (order.shipped_at.is_some(), order.delivered_at.is_some());
        let expected = match order.status.as_str() {
            "placed" | "cancelled" => (false, false),
            "shipped" => (true, false),
            _ => (true, true),
        };
        assert_eq!((shipped, delivered), expected, "{id} {order:?}");
    }
}

#[tokio::test]
async fn every_seeded_invoice_and_customer_can_be_read() {
    let world = World::seeded().await;
    let mut found = 0;
    for item in world.all(&world.tables.customers).await {
        let id = item["customerId"].as_s().unwrap();
        assert!(support_desk::CUSTOMER_ID.is_match(id) && support_desk::PHONE.is_match(item["phone"].as_s().unwrap()));
        let desk = support_desk::Caller::Desk;
        world.desk.customer_info(&desk, id, true).await.unwrap();
        let query =
            support_desk::InvoiceQuery { customer: id.clone(), from: None, to: None, min_amount: None, limit: 1 };
        found += match world.desk.find_invoices(&desk, query).await {
            Ok(found) => found.count,
            // most customers have no invoices
            Err(support_desk::DeskError::NotFound(_)) => 0,
            Err(error) => panic!("{id}: {error}"),
        };
    }
    assert_eq!(found, 300);
}

#[tokio::test]
async fn seeding_again_changes_nothing() {
    let world = World::seeded().await;
    let before = everything(&world).await;
    assert_eq!(again(&world, kit::NOW).await, (0, 0));
    // exactly one day is not older than one day
    assert_eq!(again(&world, "2026-11-21T12:00:00Z").await, (0, 0));
    assert_same(&everything(&world).await, &before);
}

#[tokio::test]
async fn two_seedings_give_the_same_data() {
    let (one, other) = (World::seeded().await, World::empty().await);
    assert_eq!(again(&other, kit::NOW).await, (1_500, 0));
    assert_same(&everything(&one).await, &everything(&other).await);
}

#[tokio::test]
async fn an_interrupted_seeding_is_begun_again() {
    let world = World::seeded().await;
    let whole = everything(&world).await;
    // customers are written last, so an interruption leaves them missing; half of the orders may be missing too
    for item in world.all(&world.tables.customers).await {
        let delete = world.client.delete_item().table_name(&world.tables.customers);
        delete.key("customerId", item["customerId"].clone()).send().await.unwrap();
    }
    for item in world.all(&world.tables.orders).await.iter().take(500) {
        let delete = world.client.delete_item().table_name(&world.tables.orders);
        delete.key("orderId", item["orderId"].clone()).send().await.unwrap();
    }
    assert_eq!(again(&world, kit::NOW).await, (1_500, 0));
    assert_same(&everything(&world).await, &whole);
}

#[tokio::test]
async fn untouched_stories_older_than_a_day_are_seeded_anew() {
    let world = World::seeded().await;
    let before = world.all(&world.tables.orders).await.len();
    assert_eq!(again(&world, LATER).await, (0, 3));
    let order = world.order("ORD-12345").await;
    assert_eq!(order["shippedAt"], text("2026-11-16T12:00:01Z"));
    assert_eq!(world.all(&world.tables.orders).await.len(), before);
    // the fixtures are fresh now, and can be renewed again after another day
    assert_eq!(again(&world, LATER).await, (0, 0));
    assert_eq!(again(&world, "2026-11-23T12:00:00Z").await, (0, 3));
}

#[tokio::test]
async fn a_story_that_a_tool_has_touched_stays() {
    let world = World::seeded().await;
    world.refund(&jane(), "ORD-123", "129.95").await.unwrap();
    let plan = world.desk.plan_return(&jane(), "ORD-12345", None).await.unwrap();
    world.write(plan.items).await.unwrap();
    let before = (world.order("ORD-123").await, world.order("ORD-12345").await);
    assert_eq!(again(&world, LATER).await, (0, 1));
    assert_eq!((world.order("ORD-123").await, world.order("ORD-12345").await), before);
}

#[tokio::test]
async fn a_story_that_a_person_has_touched_stays() {
    let world = World::seeded().await;
    world.set("ORD-123", "charges[1].amountCents", number(5_000)).await;
    world.set("ORD-12345", "note", text("call back")).await;
    let before = (world.order("ORD-123").await, world.order("ORD-12345").await);
    assert_eq!(again(&world, LATER).await, (0, 1));
    assert_eq!((world.order("ORD-123").await, world.order("ORD-12345").await), before);
}

#[tokio::test]
async fn a_story_that_a_person_has_removed_stays_away() {
    let world = World::seeded().await;
    let delete = world.client.delete_item().table_name(&world.tables.orders).key("orderId", text("ORD-123"));
    delete.send().await.unwrap();
    assert_eq!(again(&world, LATER).await, (0, 2));
    assert_eq!(world.all(&world.tables.orders).await.len(), 999);
}
