//! Concurrent refunds in any order: never more than was paid, never more than 500 without a person, exact to the cent.

use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use support_desk::{Amount, Desk, DeskError, Item, Money, RefundRequest, RefundResult, RefundState, caller};
use toolgate::{Committed, Cx, Once, Router, Service, Tool, ToolError, key, testing};
use toolgate_dynamodb::{Commit, CommitError};
use validator::Validate;

use crate::help::{JANE, World, cents, jane, number, sum};

/// Refund an amount of an order.
#[derive(Deserialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Refund {
    /// The order's number.
    order_id: String,
    /// The amount.
    amount: Amount,
    /// Tells refunds of one amount apart.
    case: String,
    /// The charge.
    charge_id: Option<String>,
}

/// Works like the tool in the billing handler.
async fn refund(cx: Cx<Desk>, input: Refund) -> Result<Committed<RefundResult>, ToolError> {
    let (desk, caller) = (cx.state(), caller(&cx)?);
    let Refund { order_id, amount, case: _, charge_id } = input;
    let request = RefundRequest { order_id, amount, reason: "race".into(), charge_id };
    let mut plan = desk.plan_refund(&caller, &request)?;
    for _ in 0..4 {
        match cx.commit(desk.ledger(), plan.items, plan.output).await {
            Err(CommitError::Condition { item, .. }) => plan = desk.replan_refund(&caller, &request, item)?,
            committed => return Ok(committed?),
        }
    }
    Err(ToolError::conflict("the order changes too often"))
}

fn service(desk: Desk) -> Service<Desk> {
    let tool = Tool::new("refund", refund).expose(["refundId", "state", "ticketId"]);
    let by = |refund: &Refund| key((&refund.order_id, refund.amount.money(), &refund.case, &refund.charge_id));
    let tool = tool.once(Once::by(by));
    Router::builder()
        .group("billing")
        .description("Refunds.")
        .identity(["customerId"])
        .tool(tool)
        .build()
        .unwrap()
        .with_state(desk)
}

async fn call(service: &Service<Desk>, session: &str, order: &str, amount: &str) -> Value {
    let input = json!({"orderId": order, "amount": amount, "case": session});
    testing::call(service, "refund", input).session(session).identity("customerId", JANE).await.body().clone()
}

/// Sends 32 refunds of one amount from 32 sessions. Returns the states in the replies, or the kind of an error.
async fn race(world: &World, order: &str, amount: &'static str) -> Vec<String> {
    let service = service(world.desk.clone());
    let calls = (0..32).map(|session| {
        let (service, order) = (service.clone(), order.to_owned());
        tokio::spawn(async move { call(&service, &format!("s-{session}"), &order, amount).await })
    });
    let mut states = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        let body = call.await.unwrap();
        let state = body["state"].as_str().or(body["error"]["kind"].as_str());
        states.push(state.unwrap_or_else(|| panic!("{body}")).to_owned());
    }
    states
}

fn count(states: &[String], state: &str) -> usize {
    states.iter().filter(|other| *other == state).count()
}

/// The invariants of an order, independent of its history.
fn check(before: &Item, after: &Item) {
    let refunded = sum(after, "refunds") - sum(before, "refunds");
    assert_eq!(cents(before, "refundableCents") - cents(after, "refundableCents"), refunded);
    assert_eq!(cents(before, "autoRefundableCents") - cents(after, "autoRefundableCents"), refunded);
    assert!(sum(after, "refunds") <= sum(after, "charges"), "more than was paid");
    assert!(refunded <= 50_000, "more than 500 without a person");
    assert!(cents(after, "refundableCents") >= 0 && cents(after, "autoRefundableCents") >= 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thirty_two_refunds_at_once_pay_no_more_than_was_paid() {
    let world = World::seeded().await;
    let before = world.order("ORD-123").await;
    let states = race(&world, "ORD-123", "20.00").await;
    assert_eq!((count(&states, "refunded"), count(&states, "refused")), (12, 20), "{states:?}");
    let after = world.order("ORD-123").await;
    check(&before, &after);
    assert_eq!(sum(&after, "refunds"), 24_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thirty_two_refunds_at_once_pay_no_more_than_500_without_a_person() {
    let world = World::seeded().await;
    let before = world.order("ORD-12001").await;
    let states = race(&world, "ORD-12001", "33.33").await;
    assert_eq!((count(&states, "refunded"), count(&states, "escalated")), (15, 17), "{states:?}");
    let after = world.order("ORD-12001").await;
    check(&before, &after);
    assert_eq!(sum(&after, "refunds"), 49_995);
    assert_eq!(world.all(&world.tables.tickets).await.len(), 17);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thirty_two_refunds_of_corrected_charges_end_right_and_none_is_lost() {
    let world = World::seeded().await;
    for (id, corrected, refunded) in [("ORD-801", 10_000, 5), ("ORD-802", 40_000, 20)] {
        world.book(id, &[20_000]).await;
        world.set(id, "charges[0].amountCents", number(corrected)).await;
        let states = race(&world, id, "20.00").await;
        // a call may lose the race for its new plan, and then returns a conflict
        assert!(count(&states, "refunded") <= refunded, "{states:?}");
        assert_eq!(
            count(&states, "refunded") + count(&states, "refused") + count(&states, "conflict"),
            32,
            "{states:?}"
        );
        let after = world.order(id).await;
        let paid = i64::try_from(count(&states, "refunded")).unwrap() * 2_000;
        assert_eq!(sum(&after, "refunds"), paid);
        assert_eq!(cents(&after, "refundableCents"), corrected - paid);
        assert!(paid <= corrected && paid > 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn one_session_gets_one_refund_however_often_it_asks() {
    let world = World::seeded().await;
    let (desk, requests) = world.counted();
    let service = service(desk);
    let first = call(&service, "s-1", "ORD-123", "20").await;
    assert_eq!(requests.count(), 1, "a first call is one request");
    let again = call(&service, "s-1", "ORD-123", "20.00").await;
    assert_eq!(requests.count(), 2, "a repeat is one request");
    assert_eq!((&first, first["state"].as_str()), (&again, Some("refunded")));
    let calls = (0..32).map(|_| {
        let service = service.clone();
        tokio::spawn(async move { call(&service, "s-2", "ORD-123", "20").await })
    });
    let mut bodies = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        bodies.push(call.await.unwrap());
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
    assert_ne!(bodies[0]["refundId"], first["refundId"]);
    assert_eq!(sum(&world.order("ORD-123").await, "refunds"), 4_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_repeat_of_an_escalation_gets_the_first_ticket() {
    let world = World::seeded().await;
    let service = service(world.desk.clone());
    let first = call(&service, "s-1", "ORD-12001", "600").await;
    assert_eq!(call(&service, "s-1", "ORD-12001", "600.00").await, first);
    assert!(first["ticketId"].is_string());
    assert_eq!(world.all(&world.tables.tickets).await.len(), 1);
}

/// One step in the history of an order.
#[derive(Debug, Clone, Copy)]
enum Step {
    Refund(i64),
    /// A person corrects a charge by hand.
    Correct(i64),
}

#[test]
fn any_history_keeps_an_order_within_its_limits() {
    static CASE: AtomicUsize = AtomicUsize::new(1_000);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let world = runtime.block_on(World::seeded());
    let amount = prop_oneof![4 => 1_i64..20_000, 2 => 20_000_i64..60_000, 1 => Just(50_000), 1 => Just(50_001)];
    let step = prop_oneof![5 => amount.prop_map(Step::Refund), 1 => (0_i64..120_000).prop_map(Step::Correct)];
    let history = (1_i64..100_000, 0_i64..30_000, prop::collection::vec(step, 1..16));
    let config = Config { cases: 64, ..Config::with_source_file(file!()) };
    TestRunner::new(config)
        .run(&history, |(first, second, steps)| {
            let id = format!("ORD-{}", CASE.fetch_add(1, Ordering::Relaxed));
            runtime.block_on(async {
                world.book(&id, &[first, second]).await;
                follow(&world, &id, &steps).await;
            });
            Ok(())
        })
        .unwrap();
}

/// Runs a history and compares each step with the rules.
async fn follow(world: &World, id: &str, steps: &[Step]) {
    let (mut refunded, mut before) = (0, world.order(id).await);
    for step in steps {
        let paid = sum(&before, "charges");
        match *step {
            Step::Correct(cents) => world.set(id, "charges[1].amountCents", number(cents)).await,
            Step::Refund(amount) => {
                let result = world.refund(&jane(), id, &Money::cents(amount).to_string()).await;
                match result.map(|refund| refund.state) {
                    Ok(RefundState::Refunded) => {
                        refunded += amount;
                        assert!(refunded <= paid && refunded <= 50_000, "{step:?}: {refunded} of {paid}");
                    }
                    Ok(RefundState::Escalated) => {
                        assert!(amount <= paid - refunded && refunded + amount > 50_000, "{step:?}");
                    }
                    Err(DeskError::Refused(_)) => assert!(amount > paid - refunded, "{step:?}"),
                    Err(error) => panic!("{step:?}: {error:?}"),
                }
            }
        }
        let after = world.order(id).await;
        assert_eq!(sum(&after, "refunds"), refunded);
        assert_eq!(cents(&after, "autoRefundableCents"), 50_000 - refunded);
        if let (Step::Refund(_), true) = (step, after != before) {
            assert_eq!(cents(&after, "refundableCents"), sum(&after, "charges") - refunded);
        }
        before = after;
    }
}
