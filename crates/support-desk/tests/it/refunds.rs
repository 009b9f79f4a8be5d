//! Sequential refunds: the limits per caller, and the cases that a person decides.

use support_desk::{Caller, DeskError, RefundState};

use crate::help::{World, cents, jane, number, somebody_else, sum, text};

#[tokio::test]
async fn a_refund_is_recorded_and_taken_from_what_is_left() {
    let world = World::seeded().await;
    let before = world.order("ORD-123").await;
    let refund = world.refund(&jane(), "ORD-123", "129.95").await.unwrap();
    assert_eq!(
        serde_json::to_value(&refund).unwrap(),
        serde_json::json!({
            "refundId": refund.refund_id, "orderId": "ORD-123", "amount": "129.95", "currency": "USD",
            "state": "refunded", "expectedInDays": "3–5",
        })
    );
    let after = world.order("ORD-123").await;
    let records = after["refunds"].as_l().unwrap();
    assert_eq!(records.len(), 1);
    let record = records[0].as_m().unwrap();
    assert_eq!(record["refundId"], text(refund.refund_id.unwrap()));
    assert_eq!((cents(record, "amountCents"), &record["refundedAt"]), (12_995, &text("2026-11-20T12:00:00Z")));
    assert_eq!(cents(&after, "refundableCents"), 12_995);
    assert_eq!(cents(&before, "autoRefundableCents") - cents(&after, "autoRefundableCents"), 12_995);
    assert!(world.all(&world.tables.tickets).await.is_empty());
}

#[tokio::test]
async fn more_than_500_becomes_a_ticket_and_no_money() {
    let world = World::seeded().await;
    let before = world.order("ORD-12001").await;
    let refund = world.refund(&jane(), "ORD-12001", "500.01").await.unwrap();
    assert_eq!((refund.state, &refund.refund_id, &refund.expected_in_days), (RefundState::Escalated, &None, &None));
    assert_eq!(world.order("ORD-12001").await, before);
    let tickets = world.all(&world.tables.tickets).await;
    assert_eq!(tickets.len(), 1);
    let ticket = &tickets[0];
    for (name, value) in [
        ("ticketId", refund.ticket_id.unwrap().as_str()),
        ("queue", "refunds"),
        ("priority", "high"),
        ("status", "open"),
        ("orderId", "ORD-12001"),
        ("summary", "refund of 500.01 USD for ORD-12001: as the test specifies"),
    ] {
        assert_eq!(ticket[name], text(value), "{name}");
    }
    assert_eq!(cents(ticket, "amountCents"), 50_001);
}

#[tokio::test]
async fn exactly_500_is_paid_and_one_cent_more_is_for_a_person() {
    let world = World::seeded().await;
    assert_eq!(world.refund(&jane(), "ORD-12001", "500").await.unwrap().state, RefundState::Refunded);
    assert_eq!(world.refund(&jane(), "ORD-12001", "0.01").await.unwrap().state, RefundState::Escalated);
    let order = world.order("ORD-12001").await;
    assert_eq!((sum(&order, "refunds"), cents(&order, "autoRefundableCents")), (50_000, 0));
}

#[tokio::test]
async fn many_small_refunds_stay_within_500_in_total() {
    let world = World::seeded().await;
    let mut paid = 0;
    for _ in 0..9 {
        let refund = world.refund(&jane(), "ORD-12001", "75.50").await.unwrap();
        match refund.state {
            RefundState::Refunded => paid += 7_550,
            RefundState::Escalated => assert!(refund.ticket_id.is_some()),
        }
    }
    assert_eq!(paid, 6 * 7_550);
    assert_eq!(world.all(&world.tables.tickets).await.len(), 3);
    // a smaller amount that fits is still paid
    assert_eq!(world.refund(&jane(), "ORD-12001", "47.00").await.unwrap().state, RefundState::Refunded);
    let order = world.order("ORD-12001").await;
    assert_eq!((sum(&order, "refunds"), cents(&order, "autoRefundableCents")), (50_000, 0));
}

#[tokio::test]
async fn more_than_was_paid_is_refused_and_the_rest_is_named() {
    let world = World::seeded().await;
    world.refund(&jane(), "ORD-123", "200.00").await.unwrap();
    for amount in ["59.91", "600.00"] {
        let error = world.refund(&jane(), "ORD-123", amount).await.unwrap_err();
        assert!(matches!(error, DeskError::Refused(_)), "{error:?}");
        let expected = format!("`ORD-123` has only 59.90 USD left to refund, so {amount} cannot be refunded");
        assert_eq!(error.to_string(), expected);
    }
    assert!(world.all(&world.tables.tickets).await.is_empty());
    world.refund(&jane(), "ORD-123", "59.90").await.unwrap();
    assert_eq!(cents(&world.order("ORD-123").await, "refundableCents"), 0);
}

#[tokio::test]
async fn somebody_elses_order_tells_nothing_however_much_is_asked_for() {
    let world = World::seeded().await;
    let before = world.order("ORD-123").await;
    for amount in ["1", "300", "501", "100000"] {
        let foreign = world.refund(&somebody_else(), "ORD-123", amount).await.unwrap_err();
        let missing = world.refund(&somebody_else(), "ORD-404", amount).await.unwrap_err();
        let nowhere = world.refund(&Caller::Desk, "ORD-99999", amount).await.unwrap_err();
        assert!(matches!(foreign, DeskError::NotFound(_)), "{foreign:?}");
        assert_eq!(foreign.to_string(), missing.to_string().replace("ORD-404", "ORD-123"));
        assert_eq!(foreign.to_string(), nowhere.to_string().replace("ORD-99999", "ORD-123"));
    }
    assert_eq!(world.order("ORD-123").await, before);
    assert!(world.all(&world.tables.tickets).await.is_empty());
}

#[tokio::test]
async fn the_desk_itself_refunds_any_order() {
    let world = World::seeded().await;
    assert_eq!(world.refund(&Caller::Desk, "ORD-123", "1").await.unwrap().state, RefundState::Refunded);
}

#[tokio::test]
async fn nothing_is_left_of_a_cancelled_order() {
    let world = World::seeded().await;
    let orders = world.all(&world.tables.orders).await;
    let cancelled = orders.iter().find(|order| order["status"] == text("cancelled")).unwrap();
    let id = cancelled["orderId"].as_s().unwrap();
    let error = world.refund(&Caller::Desk, id, "0.01").await.unwrap_err();
    assert!(matches!(&error, DeskError::Refused(text) if text.contains("only 0.00 USD")), "{error:?}");
}

#[tokio::test]
async fn a_charge_that_is_raised_by_hand_can_be_refunded() {
    let world = World::seeded().await;
    world.set("ORD-123", "charges[1].amountCents", number(30_000)).await;
    let refund = world.refund(&jane(), "ORD-123", "300.00").await.unwrap();
    assert_eq!(refund.state, RefundState::Refunded);
    let order = world.order("ORD-123").await;
    assert_eq!(cents(&order, "refundableCents"), 12_995);
    let error = world.refund(&jane(), "ORD-123", "129.96").await.unwrap_err();
    assert!(matches!(error, DeskError::Refused(_)), "{error:?}");
    world.refund(&jane(), "ORD-123", "129.95").await.unwrap();
}

#[tokio::test]
async fn a_charge_that_is_raised_by_hand_can_be_escalated() {
    let world = World::seeded().await;
    world.set("ORD-123", "charges[1].amountCents", number(90_000)).await;
    let refund = world.refund(&jane(), "ORD-123", "900.00").await.unwrap();
    assert_eq!(refund.state, RefundState::Escalated);
    assert_eq!(world.all(&world.tables.tickets).await.len(), 1);
}

#[tokio::test]
async fn a_charge_that_is_lowered_by_hand_limits_what_is_paid() {
    let world = World::seeded().await;
    world.set("ORD-123", "charges[1].amountCents", number(1_000)).await;
    let error = world.refund(&jane(), "ORD-123", "139.96").await.unwrap_err();
    assert!(matches!(&error, DeskError::Refused(text) if text.contains("only 139.95 USD")), "{error:?}");
    assert_eq!(world.refund(&jane(), "ORD-123", "139.95").await.unwrap().state, RefundState::Refunded);
    let error = world.refund(&jane(), "ORD-123", "0.01").await.unwrap_err();
    assert!(matches!(&error, DeskError::Refused(text) if text.contains("only 0.00 USD")), "{error:?}");
}

#[tokio::test]
async fn a_charge_that_is_lowered_by_hand_limits_what_is_escalated() {
    let world = World::seeded().await;
    world.set("ORD-12001", "charges[0].amountCents", number(60_000)).await;
    let error = world.refund(&jane(), "ORD-12001", "600.01").await.unwrap_err();
    assert!(matches!(&error, DeskError::Refused(text) if text.contains("only 600.00 USD")), "{error:?}");
    assert_eq!(world.refund(&jane(), "ORD-12001", "600.00").await.unwrap().state, RefundState::Escalated);
}

#[tokio::test]
async fn charges_below_what_was_refunded_leave_nothing_and_not_less() {
    let world = World::seeded().await;
    world.refund(&jane(), "ORD-123", "200.00").await.unwrap();
    world.set("ORD-123", "charges[1].amountCents", number(0)).await;
    let error = world.refund(&jane(), "ORD-123", "0.01").await.unwrap_err();
    assert!(matches!(&error, DeskError::Refused(text) if text.contains("only 0.00 USD")), "{error:?}");
}

#[tokio::test]
async fn a_plan_for_corrected_charges_does_not_outlive_the_refunds_after_it() {
    // an order without refunds when the plan is made, and an order with a refund
    for before in [0, 1] {
        a_late_plan_is_judged_anew(before).await;
    }
}

async fn a_late_plan_is_judged_anew(before: i64) {
    let world = World::seeded().await;
    world.book("ORD-803", &[20_000]).await;
    for _ in 0..before {
        world.refund(&jane(), "ORD-803", "20").await.unwrap();
    }
    world.set("ORD-803", "charges[0].amountCents", number(40_000)).await;
    world.set("ORD-803", "autoRefundableCents", number(50_000)).await;
    let request = support_desk::RefundRequest {
        order_id: "ORD-803".into(),
        amount: support_desk::Amount::parse("20").unwrap(),
        reason: "x".into(),
        charge_id: None,
    };
    let (_, item) = world.write(world.desk.plan_refund(&jane(), &request).unwrap().items).await.unwrap_err();
    let late = world.desk.replan_refund(&jane(), &request, item).unwrap();
    // other calls correct the stored figure by 200, then refund until it has the value that the late plan has read
    for _ in 0..10 {
        world.refund(&jane(), "ORD-803", "20").await.unwrap();
    }
    assert_eq!(cents(&world.order("ORD-803").await, "refundableCents"), 20_000 - before * 2_000);
    let (_, item) = world.write(late.items).await.unwrap_err();
    world.write(world.desk.replan_refund(&jane(), &request, item).unwrap().items).await.unwrap();
    assert_eq!(cents(&world.order("ORD-803").await, "refundableCents"), 18_000 - before * 2_000);
}

#[tokio::test]
async fn a_correction_between_plan_and_write_is_seen() {
    let world = World::seeded().await;
    let request = support_desk::RefundRequest {
        order_id: "ORD-123".into(),
        amount: support_desk::Amount::parse("250").unwrap(),
        reason: "x".into(),
        charge_id: None,
    };
    // the first plan fails, the second is made for the current order, and then the charges change again
    world.set("ORD-123", "charges[1].amountCents", number(90_000)).await;
    world.set("ORD-123", "refundableCents", number(0)).await;
    let (_, item) = world.write(world.desk.plan_refund(&jane(), &request).unwrap().items).await.unwrap_err();
    let second = world.desk.replan_refund(&jane(), &request, item).unwrap();
    world.set("ORD-123", "charges[1].amountCents", number(5)).await;
    let (_, item) = world.write(second.items).await.unwrap_err();
    let error = world.desk.replan_refund(&jane(), &request, item).unwrap_err();
    assert!(matches!(&error, DeskError::Refused(text) if text.contains("only 130.00 USD")), "{error:?}");
    assert!(!world.order("ORD-123").await.contains_key("refunds"));
}
