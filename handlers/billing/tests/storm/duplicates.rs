//! A storm of duplicates and nothing else: whatever the platform or the model repeats, the customer gets one refund.

use futures_util::future::join_all;

use crate::{
    books::Database,
    call::{Call, SPELLINGS, Wire},
    schedule::Order,
    world::World,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_refund_asked_for_fifty_times_at_once_over_four_processes_is_paid_once() {
    let order = Order {
        id: "ORD-700".into(),
        customer: "CUST-70000".into(),
        charges: vec![12_995, 12_995],
        corrected_from: None,
    };
    let database = Database::with(&[order]).await;
    let mut world = World::of(4).await;
    let call =
        Call { session: "s-1".into(), customer: Some("CUST-70000".into()), order: "ORD-700".into(), cents: 12_995 };
    let events: Vec<String> = (0..50)
        .map(|place| {
            let wire = if place % 2 == 0 { Wire::Function } else { Wire::Api };
            call.event(wire, place % 3, place % SPELLINGS)
        })
        .collect();
    let instances = world.on(&database);
    let sent = instances.iter_mut().enumerate().map(|(place, instance)| {
        let events = &events;
        async move {
            let mut bodies = Vec::new();
            for event in events.iter().skip(place).step_by(4) {
                bodies.push(instance.ask(event).await);
            }
            bodies
        }
    });
    let bodies: Vec<String> = join_all(sent).await.into_iter().flatten().collect();
    assert_eq!(bodies.len(), 50);
    assert!(bodies[0].contains("\"state\":\"refunded\""), "{}", bodies[0]);
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:#?}");
    let requests: usize = instances.iter().map(|instance| instance.proxy.requests()).sum();
    assert_eq!(requests, 50, "one request each");
    let books = database.books().await;
    assert_eq!((books.ledger.len(), books.tickets.len()), (1, 0));
    assert_eq!(books.ledger[0]["reply"].as_s().unwrap(), &bodies[0]);
    let order = &books.orders[0];
    assert_eq!(order["refunds"].as_l().unwrap().len(), 1);
    assert_eq!(order["refundableCents"].as_n().unwrap(), "12995");
    assert_eq!(order["autoRefundableCents"].as_n().unwrap(), "37005");
}
