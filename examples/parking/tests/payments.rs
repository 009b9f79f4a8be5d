//! The tools of the group, with a stand-in of the payment service, and the tables of `template.yaml` in a DynamoDB on this
//! machine.

mod stand_in;

use std::{future::Future, time::Duration};

use parking::{
    app::App,
    payments::{self, PaymentService, Till},
    seed,
};
use serde_json::json;
use stand_in::{Fault, StandIn};
use toolgate::{
    Service, Wire,
    testing::{self, Reply},
};
use toolgate_dynamodb::{Approvals, Decision, testing::client};

/// A call ends, and its lease with it, before this.
const DEADLINE: Duration = Duration::from_secs(1);

/// A database and a payment service, and the address of the latter.
struct World {
    database: testing::LocalDynamoDb,
    url: String,
    payments: StandIn,
}

impl World {
    async fn new() -> Self {
        let database = testing::LocalDynamoDb::start();
        let (url, payments) = StandIn::start().await;
        Self { database, url, payments }
    }

    /// A new instance of the function.
    async fn function(&self) -> Service<Till> {
        self.function_with(&self.url, true).await
    }

    async fn function_with(&self, url: &str, open: bool) -> Service<Till> {
        let table = |logical_id| self.database.table(logical_id);
        let (parking, ledger, approvals) = (table("ParkingTable"), table("LedgerTable"), table("ApprovalsTable"));
        let app = App::new(client(self.database.url()), parking, ledger, approvals);
        seed::write(&app).await.unwrap();
        let service = PaymentService::new(url).unwrap();
        payments::router().unwrap().with_state(Till { app, service, open })
    }

    /// One charge, whatever happened, and every request had the same key.
    fn assert_charged_once(&self, requests: usize) {
        let keys = self.payments.keys();
        assert_eq!(self.payments.charges(), 1, "{keys:?}");
        assert_eq!(keys.len(), requests, "{keys:?}");
        assert!(keys.iter().all(|key| key == &keys[0]), "{keys:?}");
    }
}

async fn charge(function: &Service<Till>) -> Reply {
    let input = json!({"sessionId": "PRK-1002", "amountCents": 450});
    testing::call(function, "charge_card", input).session("s-1").deadline(DEADLINE).await
}

/// What a model does: it repeats the call until it is not `in progress`.
async fn repeat(function: &Service<Till>) -> Reply {
    eventually(async || Some(charge(function).await).filter(|reply| reply.kind() != Some("in progress"))).await
}

async fn eventually<T, F: Future<Output = Option<T>>>(look: impl Fn() -> F) -> T {
    for _ in 0..200 {
        if let Some(found) = look().await {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("it did not happen within five seconds");
}

/// Each event gets the reply beside it. `UPDATE_REPLIES=1 cargo test` writes the replies anew.
#[tokio::test]
async fn the_events_get_their_replies() {
    let world = World::new().await;
    let function = world.function().await;
    testing::call(&function, "charge_card", json!({"sessionId": "PRK-1003", "amountCents": 1200}))
        .session("s-0")
        .await
        .ok();
    let events = concat!(env!("CARGO_MANIFEST_DIR"), "/events/payments");
    testing::replay(events, async |_| world.function().await).await;
}

#[tokio::test]
async fn a_repeat_is_answered_by_the_record() {
    let world = World::new().await;
    let function = world.function().await;
    let call = async |id: &str| testing::call(&function, "get_charge", json!({"sessionId": id})).await;
    call("PRK-1002").await.assert_error("not found");
    let first = charge(&function).await.ok().clone();
    assert_eq!(first["amountCents"], 450);
    charge(&world.function().await).await.assert_ok(first.clone());
    world.assert_charged_once(1);
    call("PRK-1002").await.assert_ok(first);
    call("PRK-9999").await.assert_error("not found").assert_message_contains("there is no session");
}

#[tokio::test]
async fn a_lost_late_or_failed_reply_is_one_charge() {
    for fault in [Fault::LosesTheReply, Fault::AnswersAfter(DEADLINE * 3), Fault::Fails] {
        let world = World::new().await;
        let function = world.function().await;
        world.payments.next(fault);
        charge(&function).await.assert_error("timed out");
        // Perhaps the card is charged. Nobody knows, and the lease is held.
        charge(&function).await.assert_error("in progress");
        assert_eq!(repeat(&function).await.ok()["chargeId"], "CHG-1", "{fault:?}");
        world.assert_charged_once(2);
    }
}

#[tokio::test]
async fn after_a_crash_another_instance_gets_the_charge() {
    let world = World::new().await;
    let function = world.function().await;
    world.payments.next(Fault::AnswersAfter(DEADLINE * 3));
    // The instance ends after the charge, and before the reply is stored.
    tokio::select! {
        _ = charge(&function) => panic!("the reply came before the crash"),
        () = eventually(async || (world.payments.charges() == 1).then_some(())) => {}
    }
    drop(function);
    let function = world.function().await;
    charge(&function).await.assert_error("in progress");
    assert_eq!(repeat(&function).await.ok()["chargeId"], "CHG-1");
    world.assert_charged_once(2);
}

#[tokio::test]
async fn calls_side_by_side_are_one_charge() {
    let world = World::new().await;
    let (one, other) = (world.function().await, world.function().await);
    world.payments.next(Fault::AnswersAfter(DEADLINE / 4));
    let (first, second) = tokio::join!(charge(&one), charge(&other));
    let kinds = [first.kind(), second.kind()];
    assert!(kinds.contains(&None) && kinds.contains(&Some("in progress")), "{kinds:?}");
    assert_eq!(repeat(&other).await.ok()["chargeId"], "CHG-1");
    world.assert_charged_once(1);
}

#[tokio::test]
async fn a_call_without_an_effect_may_be_repeated_at_once() {
    let world = World::new().await;
    // A port at which nobody listens.
    let unreachable = world.function_with("http://127.0.0.1:1", true).await;
    charge(&unreachable).await.assert_error("conflict").assert_message_contains("not available");
    let function = world.function().await;
    world.payments.next(Fault::Declines);
    charge(&function).await.assert_error("refused").assert_message_contains("declined");
    charge(&function).await.ok();
    world.assert_charged_once(2);
}

/// Without an identity, another conversation is another effect for the ledger. The payment service knows the session.
#[tokio::test]
async fn a_session_is_paid_once_in_all_conversations() {
    let world = World::new().await;
    let function = world.function().await;
    charge(&function).await.ok();
    let input = json!({"sessionId": "PRK-1002", "amountCents": 450});
    let other = testing::call(&function, "charge_card", input).session("s-2").await;
    other.assert_error("refused").assert_message_contains("paid already");
    assert_eq!(world.payments.charges(), 1);
}

#[tokio::test]
async fn on_the_gateway_a_person_agrees_first() {
    let world = World::new().await;
    let function = world.function().await;
    let call = |id: &str, cents: i64| {
        testing::call(&function, "charge_card", json!({"sessionId": id, "amountCents": cents})).on(Wire::Gateway)
    };
    // Nobody is asked to agree to a charge that cannot be made.
    call("PRK-1001", 450).await.assert_error("refused").assert_message_contains("not ended");
    call("PRK-1002", 400).await.assert_error("refused").assert_message_contains("costs 450 cents");
    call("PRK-1002", 20_001).await.assert_error("refused").assert_message_contains("at the counter");
    call("PRK-1002", 450).await.assert_error("waiting for approval");

    let approvals = Approvals::new(client(world.database.url()), world.database.table("ApprovalsTable"));
    let mut pending = approvals.list().await.unwrap().pending;
    assert_eq!(pending.len(), 1);
    approvals.decide(&pending.remove(0), Decision::Approve, "a test").await.unwrap();

    world.payments.next(Fault::LosesTheReply);
    call("PRK-1002", 450).deadline(DEADLINE).await.assert_error("timed out");
    let again = async || Some(call("PRK-1002", 450).await).filter(|reply| reply.kind() != Some("in progress"));
    assert_eq!(eventually(again).await.ok()["chargeId"], "CHG-1");
    world.assert_charged_once(2);
}

#[tokio::test]
async fn payments_can_be_switched_off() {
    let world = World::new().await;
    let function = world.function_with(&world.url, false).await;
    charge(&function).await.assert_error("refused").assert_message_contains("switched off");
    let find = testing::call(&function, "get_charge", json!({"sessionId": "PRK-1002"})).await;
    find.assert_error("refused").assert_message_contains("switched off");
    assert!(world.payments.keys().is_empty());
}
