//! A storm of duplicates only: whatever the platform or the model repeats, the customer gets one refund.

use std::collections::HashSet;

use futures_util::future::join_all;

use crate::{
    books::Database,
    call::{Call, Received, SPELLINGS, Way, Who, Wire},
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
        old: false,
    };
    let database = Database::with(&[order]).await;
    let mut world = World::of(4).await;
    let call = Call { who: Who::Customer("CUST-70000".into()), order: "ORD-700".into(), cents: 12_995, charge: None };
    // spread over five sessions of the customer
    let events: Vec<(Way, String)> = (0..50)
        .map(|place| {
            let way = Way::on(if place % 2 == 0 { Wire::Function } else { Wire::Api }, format!("s-{}", place % 5));
            let event = call.event(&way, place % 3, place % SPELLINGS).body;
            (way, event)
        })
        .collect();
    let instances = world.on(&database);
    let sent = instances.iter_mut().enumerate().map(|(place, instance)| {
        let events = &events;
        async move {
            let mut replies = Vec::new();
            for (way, event) in events.iter().skip(place).step_by(4) {
                replies.push(Received { session: way.session.clone(), body: instance.ask(event).await });
            }
            replies
        }
    });
    let replies: Vec<Received> = join_all(sent).await.into_iter().flatten().collect();
    assert_eq!(replies.len(), 50);
    let (first, _) = replies[0].first();
    assert!(first.contains("\"state\":\"refunded\""), "{first}");
    assert!(replies.iter().all(|received| received.first().0 == first), "{replies:#?}");
    let own: HashSet<_> =
        replies.iter().filter(|received| received.first().1.is_none()).map(|received| &received.session).collect();
    assert_eq!(own.len(), 1, "the replies in all sessions but the first are marked as repeats: {replies:#?}");
    assert_eq!(replies.iter().filter(|received| received.first().1.is_some()).count(), 40);
    let requests: usize = instances.iter().map(|instance| instance.proxy.requests()).sum();
    assert_eq!(requests, 50, "one request each");
    let books = database.books().await;
    assert_eq!((books.ledger.len(), books.tickets.len()), (1, 0));
    assert_eq!(books.ledger[0]["reply"].as_s().unwrap(), &first);
    let order = &books.orders[0];
    assert_eq!(order["refunds"].as_l().unwrap().len(), 1);
    assert_eq!(order["refundableCents"].as_n().unwrap(), "12995");
    assert_eq!(order["autoRefundableCents"].as_n().unwrap(), "37005");
}
