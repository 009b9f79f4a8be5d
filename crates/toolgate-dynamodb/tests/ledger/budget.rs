//! A session's budget: one request per call, an exact count under concurrency, and no charge for a repeat.

use std::collections::BTreeMap;

use serde_json::json;
use toolgate::{Budget, BudgetCharge, Usd, Wire, testing};
use toolgate_dynamodb::DynamoLedger;

use crate::{
    kit::{Bank, number, text},
    proxy::Fault,
};

fn jane(amount: i64) -> serde_json::Value {
    json!({"account": "jane", "amount": amount})
}

#[tokio::test]
async fn a_session_has_its_calls_and_no_more() {
    let bank = Bank::open().await;
    let service = bank.service.clone().budget(Budget::calls(2)).unwrap();
    for (session, kind) in [("a", None), ("a", None), ("a", Some("refused")), ("b", None)] {
        let reply = testing::call(&service, "look", jane(1)).session(session).await;
        assert_eq!(reply.kind(), kind, "{session}");
        assert_eq!(bank.proxy.requests(), 1, "a budget is one request");
    }
    let reply = testing::call(&service, "look", jane(1)).session("a").await;
    reply.assert_message_contains("this session's budget is used up");
    // an invalid call is not charged
    testing::call(&service, "look", json!({})).session("b").await.assert_error("invalid");
    testing::call(&service, "look", jane(1)).session("b").await.ok();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn forty_calls_at_once_use_a_budget_of_twelve_exactly() {
    let bank = Bank::open().await;
    for (session, tool) in [("a", "look"), ("b", "pay")] {
        let service = bank.service.clone().budget(Budget::calls(12)).unwrap();
        let calls = (0..40).map(|amount| {
            let service = service.clone();
            tokio::spawn(async move {
                let reply = testing::call(&service, tool, jane(amount + 1)).session(session).await;
                reply.kind().map(str::to_owned)
            })
        });
        let mut kinds = Vec::new();
        for call in calls.collect::<Vec<_>>() {
            kinds.push(call.await.unwrap());
        }
        let done = kinds.iter().filter(|kind| kind.is_none()).count();
        assert_eq!(done, 12, "{tool}: {kinds:?}");
        assert!(kinds.iter().flatten().all(|kind| kind == "refused"), "{tool}: {kinds:?}");
    }
    assert_eq!(bank.balance().await.1, 12);
}

#[tokio::test]
async fn a_repeat_costs_nothing_and_is_answered_when_the_budget_is_used_up() {
    let bank = Bank::open().await;
    let service = bank.service.clone().budget(Budget::calls(1)).unwrap();
    let first = testing::call(&service, "pay", jane(100)).await;
    first.ok();
    assert_eq!(bank.proxy.requests(), 2, "one request more than without a budget");
    for _ in 0..3 {
        let again = testing::call(&service, "pay", json!({"account": "jane", "amount": "100", "note": "again"})).await;
        assert_eq!(again.body(), first.body());
        assert_eq!(bank.proxy.requests(), 1, "the budget's request finds the record");
    }
    testing::call(&service, "pay", jane(101)).await.assert_error("refused");
    assert_eq!(bank.balance().await, (900, 1));
}

#[tokio::test]
async fn a_call_that_nobody_can_be_counted_for_is_refused() {
    let bank = Bank::open().await;
    let service = bank.service.clone().budget(Budget::calls(5)).unwrap();
    for wire in [Wire::Direct, Wire::Gateway] {
        let reply = testing::call(&service, "look", jane(1)).on(wire).await;
        reply.assert_error("refused").assert_message_contains("without a session or an identity");
    }
    let jane = testing::call(&service, "look", jane(1)).on(Wire::Gateway).identity("customerId", "CUST-1").await;
    jane.assert_ok(json!({"seen": "jane"}));
}

#[tokio::test]
async fn costs_that_were_added_count_and_calls_stay_in_a_window() {
    let bank = Bank::open().await;
    let ledger = DynamoLedger::new(bank.client.clone(), "ledger");
    let budget = Budget::calls(2).and_usd("1.00".parse().unwrap());
    let service = bank.service.clone().budget(budget).unwrap();
    let id = BudgetCharge::id_of(Some("a"), &BTreeMap::new()).unwrap();
    ledger.spend(&id, "0.999999".parse().unwrap()).await.unwrap();
    testing::call(&service, "look", jane(1)).session("a").await.ok();
    ledger.spend(&id, Usd::micros(1)).await.unwrap();
    testing::call(&service, "look", jane(1)).session("a").await.assert_error("refused");
    // the window has ended, and the table has not deleted the item yet
    let item =
        [("id", text(&id)), ("calls", number(9)), ("costMicros", number(9_000_000)), ("expiresAt", number(1_000))];
    bank.put("ledger", item).await;
    for kind in [None, None, Some("refused")] {
        let reply = testing::call(&service, "look", jane(1)).session("a").await;
        assert_eq!(reply.kind(), kind);
    }
}

#[tokio::test]
async fn costs_add_up_under_concurrency_and_none_is_lost_when_a_window_has_ended() {
    let bank = Bank::open().await;
    let ledger = DynamoLedger::new(bank.client.clone(), "ledger");
    let id = BudgetCharge::id_of(Some("a"), &BTreeMap::new()).unwrap();
    assert_eq!(ledger.spent(&id).await.unwrap(), Usd::micros(0));
    let old =
        [("id", text(&id)), ("calls", number(9)), ("costMicros", number(9_000_000)), ("expiresAt", number(1_000))];
    bank.put("ledger", old).await;
    assert_eq!(ledger.spent(&id).await.unwrap(), Usd::micros(0), "the window has ended");
    let spending = (0..20).map(|_| {
        let (ledger, id) = (ledger.clone(), id.clone());
        tokio::spawn(async move { ledger.spend(&id, Usd::micros(7)).await })
    });
    for spending in spending.collect::<Vec<_>>() {
        spending.await.unwrap().unwrap();
    }
    assert_eq!(ledger.spent(&id).await.unwrap(), Usd::micros(140));
    bank.put("ledger", [("id", text(&id)), ("costMicros", text("many"))]).await;
    assert!(ledger.spent(&id).await.is_err(), "what cannot be read is not nothing");
}

#[tokio::test]
async fn a_ledger_that_cannot_count_stops_the_call_and_contention_passes() {
    let bank = Bank::open().await;
    let service = bank.service.clone().budget(Budget::calls(5)).unwrap();
    bank.proxy.fail_next([Fault::error(400, "TransactionConflictException"), Fault::error(400, "ThrottlingException")]);
    testing::call(&service, "look", jane(1)).await.ok();
    assert_eq!(bank.proxy.requests(), 3);
    bank.proxy.fail_next([Fault::canceled(&["TransactionConflict", "None"])]);
    testing::call(&service, "pay", jane(1)).await.ok();
    for fault in
        [Fault::error(500, "InternalServerError"), Fault::error(400, "AccessDeniedException"), Fault::CutBefore]
    {
        let before = bank.balance().await;
        for tool in ["look", "pay"] {
            bank.proxy.fail_next([fault.clone()]);
            let reply = testing::call(&service, tool, jane(7)).session("other").await;
            assert!(matches!(reply.kind(), Some("timed out" | "internal")), "{fault:?} {tool}: {:?}", reply.body());
        }
        assert_eq!(bank.balance().await, before);
    }
}
