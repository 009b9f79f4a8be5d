//! Requests per call, counted at the proxy: a refund costs one, and so does its repeat.

use crate::{
    books::{Database, item, number, text},
    call::{Call, Wire},
    instance::Instance,
    schedule::Order,
    world::World,
};

const OWNER: &str = "CUST-70000";

fn order(id: &str, charges: &[i64]) -> Order {
    Order { id: id.into(), customer: OWNER.into(), charges: charges.into(), corrected_from: None }
}

fn call(session: &str, order: &str, cents: i64) -> Call {
    Call { session: session.into(), customer: Some(OWNER.into()), order: order.into(), cents }
}

/// The body of the reply, and what it cost.
async fn cost(instance: &mut Instance, event: &str) -> (String, usize) {
    instance.proxy.requests();
    let body = instance.ask(event).await;
    (body, instance.proxy.requests())
}

#[tokio::test]
async fn a_refund_is_one_request_and_so_is_its_repeat_on_both_wires() {
    let database = Database::with(&[order("ORD-700", &[12_995, 12_995])]).await;
    let mut world = World::of(2).await;
    let [one, other] = world.on(&database) else { panic!("two processes") };
    for (wire, repeat, session) in [(Wire::Function, Wire::Api, "s-1"), (Wire::Api, Wire::Function, "s-2")] {
        let call = call(session, "ORD-700", 12_995);
        let (first, requests) = cost(one, &call.plain(wire)).await;
        assert!(first.contains("\"refunded\"") && requests == 1, "{requests} for {first}");
        assert_eq!(cost(one, &call.event(wire, 1, 1)).await, (first.clone(), 1), "the repeat");
        assert_eq!(cost(other, &call.event(repeat, 2, 2)).await, (first, 1), "from elsewhere, on the other wire");
    }
}

#[tokio::test]
async fn what_is_not_paid_costs_no_more_than_one_look_at_the_order() {
    let database = Database::with(&[order("ORD-700", &[90_000])]).await;
    let mut world = World::of(1).await;
    let [instance] = world.on(&database) else { panic!("one process") };
    for wire in [Wire::Function, Wire::Api] {
        let session = format!("{wire:?}");
        // above 500 it is a ticket from the start; within 500 only the order can tell
        database.put(&database.tables().orders, order_with(300, 90_000)).await;
        for (cents, requests, answer) in
            [(50_001, 1, "escalated"), (301, 2, "escalated"), (300, 1, "refunded"), (90_001, 1, "refused")]
        {
            let call = call(&session, "ORD-700", cents);
            let (first, cost_of_first) = cost(instance, &call.plain(wire)).await;
            assert!(first.contains(answer), "{first}");
            assert_eq!(cost_of_first, requests, "{cents} on {wire:?}: {first}");
            assert_eq!(cost(instance, &call.plain(wire)).await, (first, 1), "the repeat of {cents} on {wire:?}");
        }
    }
}

/// The order, with this left to refund without a person.
fn order_with(automatic: i64, paid: i64) -> support_desk::Item {
    let mut booked = crate::books::booked(&order("ORD-700", &[paid]));
    booked.extend(item([("autoRefundableCents", number(automatic)), ("status", text("shipped"))]));
    booked
}
