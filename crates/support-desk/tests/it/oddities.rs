//! Cases that occur only after a person has changed the tables, the clock or the settings by hand.

use support_desk::{Clock, Money, seed};

use crate::{
    help::{World, jane, number},
    kit,
};

#[tokio::test]
async fn absurd_amounts_do_not_wrap_a_sum_around() {
    let world = World::seeded().await;
    for charge in ["charges[0].amountCents", "charges[1].amountCents"] {
        world.set("ORD-123", charge, number(i64::MAX)).await;
    }
    let status = world.desk.order_status(&jane(), "ORD-123").await.unwrap();
    assert_eq!(status.paid_amount, Money::cents(i64::MAX));
}

#[tokio::test]
async fn a_clock_that_was_turned_back_moves_the_stories_too() {
    let world = World::seeded().await;
    let earlier = Clock::fixed("2026-10-01T09:00:00Z".parse().unwrap());
    let seeded = seed::run(&world.client, &world.tables, &earlier).await.unwrap();
    assert_eq!((seeded.written, seeded.renewed), (0, 3));
    let status = world.desk.order_status(&jane(), "ORD-12345").await.unwrap();
    assert_eq!(status.shipped_at.unwrap().to_string(), "2026-09-26T09:00:00Z");
}

#[tokio::test]
async fn every_refund_of_the_seed_has_an_id_like_any_other() {
    let world = World::seeded().await;
    let mut count = 0;
    for order in world.all(&world.tables.orders).await {
        for refund in order.get("refunds").and_then(|list| list.as_l().ok()).into_iter().flatten() {
            let id = refund.as_m().unwrap()["refundId"].as_s().unwrap();
            let letters = id.strip_prefix("REF-").unwrap();
            assert!(letters.len() == 10 && letters.bytes().all(|byte| byte.is_ascii_uppercase()), "{id}");
            count += 1;
        }
    }
    assert!(count > 10, "{count}");
}

#[test]
fn the_seed_names_the_setting_that_is_missing() {
    let tables = support_desk::tables::Tables::named_as_in_template();
    let settings = [
        ("CUSTOMERS_TABLE", tables.customers.as_str()),
        ("ORDERS_TABLE", &tables.orders),
        ("INVOICES_TABLE", &tables.invoices),
        ("SUPPORT_DESK_NOW", kit::NOW),
    ];
    for (setting, value) in [("ORDERS_TABLE", ""), ("INVOICES_TABLE", ""), ("SUPPORT_DESK_NOW", "today")] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_support-desk-seed"));
        let output = command.env_clear().envs(settings).env(setting, value).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && stderr.contains(setting), "{setting}: {stderr}");
    }
}
