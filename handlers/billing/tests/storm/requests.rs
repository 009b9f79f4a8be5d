//! Requests per call, counted at the proxy: a refund needs one request, and so does its repeat.

use crate::{
    books::{Database, item, number, text},
    call::{Call, Event, Way, Who, Wire},
    instance::Instance,
    schedule::Order,
    world::World,
};

const OWNER: &str = "CUST-70000";

fn order(id: &str, charges: &[i64]) -> Order {
    Order { id: id.into(), customer: OWNER.into(), charges: charges.into(), corrected_from: None, old: false }
}

fn call(order: &str, cents: i64, charge: Option<&str>) -> Call {
    Call { who: Who::Customer(OWNER.into()), order: order.into(), cents, charge: charge.map(str::to_owned) }
}

/// The body of the reply, and the number of requests.
async fn cost(instance: &mut Instance, event: &Event) -> (String, usize) {
    instance.proxy.requests();
    let body = instance.ask(&event.body).await;
    (body, instance.proxy.requests())
}

#[tokio::test]
async fn a_refund_is_one_request_and_so_is_its_repeat_on_both_wires() {
    let database = Database::with(&[order("ORD-700", &[12_995, 12_995])]).await;
    let mut world = World::of(2).await;
    let [one, other] = world.on(&database) else { panic!("two processes") };
    for (wire, repeat, charge) in [(Wire::Function, Wire::Api, None), (Wire::Api, Wire::Function, Some("CHG-700-1"))] {
        let call = call("ORD-700", 12_995, charge);
        let (way, other_way, elsewhere) = (Way::on(wire, "s-1"), Way::on(repeat, "s-1"), Way::on(repeat, "s-2"));
        let (first, requests) = cost(one, &call.plain(&way)).await;
        assert!(first.contains("\"refunded\"") && requests == 1, "{requests} for {first}");
        assert_eq!(cost(one, &call.event(&way, 1, 1)).await, (first.clone(), 1), "the repeat");
        let again = cost(other, &call.event(&other_way, 2, 2)).await;
        assert_eq!(again, (first.clone(), 1), "from elsewhere, on the other wire");
        let (received, requests) = cost(other, &call.event(&elsewhere, 2, 2)).await;
        assert!(received.contains("\"repeated\"") && requests == 1, "in another session: {requests} for {received}");
    }
}

#[tokio::test]
async fn what_is_not_paid_costs_no_more_than_one_look_at_the_order() {
    let database = Database::with(&[order("ORD-700", &[90_000])]).await;
    let mut world = World::of(1).await;
    let [instance] = world.on(&database) else { panic!("one process") };
    for wire in [Wire::Function, Wire::Api] {
        let way = Way::on(wire, "s-1");
        // an amount above 500 becomes a ticket at once; for an amount up to 500, only the order decides
        database.put(&database.tables().orders, order_with(300, 90_000)).await;
        for (cents, requests, answer) in
            [(50_001, 1, "escalated"), (301, 2, "escalated"), (300, 1, "refunded"), (90_001, 1, "refused")]
        {
            // another charge on the other wire, so that it is another call
            let charge = matches!(wire, Wire::Api).then_some("CHG-700-0");
            let call = call("ORD-700", cents, charge);
            let (first, cost_of_first) = cost(instance, &call.plain(&way)).await;
            assert!(first.contains(answer), "{first}");
            assert_eq!(cost_of_first, requests, "{cents} on {wire:?}: {first}");
            assert_eq!(cost(instance, &call.plain(&way)).await, (first, 1), "the repeat of {cents} on {wire:?}");
        }
    }
}

/// The order, with this amount left for automatic refunds.
fn order_with(automatic: i64, paid: i64) -> support_desk::Item {
    let mut booked = crate::books::booked(&order("ORD-700", &[paid]));
    booked.extend(item([("autoRefundableCents", number(automatic)), ("status", text("shipped"))]));
    booked
}
