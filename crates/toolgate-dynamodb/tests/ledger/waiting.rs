//! The limit on calls that wait for a person at once.

use std::collections::HashSet;

use serde_json::json;
use toolgate::{Service, Wire, testing};
use toolgate_dynamodb::{Approvals, Decision};

use crate::kit::{Bank, State, number};

/// The number in `docs/gates.md`.
const MOST: usize = 20;

fn approvals(bank: &Bank) -> Approvals {
    Approvals::new(bank.client.clone(), "approvals")
}

fn pay<'a>(service: &'a Service<State>, amount: usize, customer: Option<&str>) -> testing::TestCall<'a, State> {
    let call = testing::call(service, "pay_confirmed", json!({"account": "jane", "amount": amount})).on(Wire::Gateway);
    match customer {
        Some(customer) => call.identity("customerId", customer),
        None => call,
    }
}

/// Parks the maximum number of calls.
async fn fill(bank: &Bank, customer: Option<&str>) {
    for amount in 1..=MOST {
        pay(&bank.service, amount, customer).await.assert_error("waiting for approval");
    }
    pay(&bank.service, 500, customer)
        .await
        .assert_error("refused")
        .assert_message_contains("20 calls wait for a person already");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_400_calls_at_once_20_wait() {
    let bank = Bank::open().await;
    let call = |amount| {
        let service = bank.service.clone();
        tokio::spawn(async move { pay(&service, amount, Some("CUST-1")).await })
    };
    let mut kinds = Vec::new();
    for call in (1..=400).map(call).collect::<Vec<_>>() {
        let reply = call.await.unwrap();
        kinds.push(reply.kind().unwrap().to_owned());
    }
    let count = |kind: &str| kinds.iter().filter(|other| *other == kind).count();
    assert_eq!(count("waiting for approval"), MOST, "{kinds:?}");
    assert_eq!(count("refused") + count("conflict"), 400 - MOST, "{kinds:?}");
    assert!(count("refused") > 300, "the refusal has the reason: {kinds:?}");
    let list = approvals(&bank).list().await.unwrap();
    let ids: HashSet<_> = list.pending.iter().map(|call| call.id.as_str()).collect();
    assert_eq!((ids.len(), list.unreadable.len()), (MOST, 0));
}

#[tokio::test]
async fn a_repeat_of_a_waiting_call_takes_no_place() {
    let bank = Bank::open().await;
    fill(&bank, Some("CUST-1")).await;
    for amount in 1..=MOST {
        pay(&bank.service, amount, Some("CUST-1")).await.assert_error("waiting for approval");
    }
}

#[tokio::test]
async fn who_has_20_waiting_calls_is_in_nobody_else_s_way() {
    let bank = Bank::open().await;
    fill(&bank, Some("CUST-1")).await;
    fill(&bank, Some("CUST-2")).await;
    // all callers without an identity or a session share the function's slots
    fill(&bank, None).await;
    let direct = testing::call(&bank.service, "pay_confirmed", json!({"account": "jane", "amount": 600}));
    direct.on(Wire::Direct).await.assert_error("refused");
}

#[tokio::test]
async fn a_decided_call_frees_its_place_and_only_one() {
    let bank = Bank::open().await;
    fill(&bank, Some("CUST-1")).await;
    for (place, decision) in [Decision::Approve, Decision::Deny].into_iter().enumerate() {
        let shown = approvals(&bank).list().await.unwrap().pending.remove(3);
        approvals(&bank).decide(&shown, decision, "dana").await.unwrap();
        pay(&bank.service, 700 + place, Some("CUST-1")).await.assert_error("waiting for approval");
        pay(&bank.service, 800 + place, Some("CUST-1")).await.assert_error("refused");
    }
    assert_eq!(approvals(&bank).list().await.unwrap().pending.len(), MOST);
}

#[tokio::test]
async fn an_expired_call_frees_its_place_before_the_table_drops_it() {
    let bank = Bank::open().await;
    fill(&bank, Some("CUST-1")).await;
    for item in bank.items("approvals").await.into_iter().filter(|item| {
        let id = item["id"].as_s().unwrap();
        id.starts_with("waiting#") && id.ends_with("#7")
    }) {
        let update = bank.client.update_item().table_name("approvals").key("id", item["id"].clone());
        let update = update.update_expression("SET expiresAt = :past");
        update.expression_attribute_values(":past", number(1_000)).send().await.unwrap();
    }
    pay(&bank.service, 700, Some("CUST-1")).await.assert_error("waiting for approval");
    pay(&bank.service, 701, Some("CUST-1")).await.assert_error("refused");
}
