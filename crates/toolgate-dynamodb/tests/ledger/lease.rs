//! Effects outside of DynamoDB: one call at a time, and the first reply for every repeat.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use toolgate::testing;

use crate::{
    kit::{Bank, number, text},
    proxy::Fault,
};

fn jane(note: &str) -> Value {
    json!({"account": "jane", "amount": 5, "note": note})
}

/// The number of transfers out of the bank.
fn wired(bank: &Bank) -> usize {
    bank.wired.lock().unwrap().len()
}

#[tokio::test]
async fn a_repeat_gets_the_first_reply_and_nothing_happens() {
    let bank = Bank::open().await;
    let first = testing::call(&bank.service, "wire_money", jane("rent")).await;
    first.assert_ok(json!({"paymentId": "WIRE-0", "account": "jane", "amount": 5, "auditor": {"name": "Ann"}}));
    assert_eq!(bank.proxy.requests(), 2, "a lease and a reply");
    let again = testing::call(&bank.service, "wire_money", jane("the rent")).await;
    assert_eq!((again.body(), bank.proxy.requests()), (first.body(), 1));
    assert_eq!(wired(&bank), 1);
    let record = &bank.records().await[0];
    assert!(
        !record["reply"].as_s().unwrap().contains("+1 555-010-0100"),
        "a field that the model may not read is not kept"
    );
    assert!(!record.contains_key("leaseUntil"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn while_the_first_runs_others_are_refused() {
    let bank = Bank::open().await;
    let calls = (0..16).map(|_| {
        let service = bank.service.clone();
        tokio::spawn(async move { testing::call(&service, "wire_money", jane("slow")).await })
    });
    let (mut done, mut waiting) = (0, 0);
    for call in calls.collect::<Vec<_>>() {
        let reply = call.await.unwrap();
        match reply.kind() {
            None => done += 1,
            Some("in progress") => waiting += 1,
            Some(_) => panic!("{:?}", reply.body()),
        }
    }
    assert!(done >= 1 && done + waiting == 16);
    assert_eq!(wired(&bank), 1);
    testing::call(&bank.service, "wire_money", jane("slow")).await.ok();
    assert_eq!(wired(&bank), 1);
}

#[tokio::test]
async fn the_key_alone_decides_what_is_a_repeat() {
    let bank = Bank::open().await;
    let first = testing::call(&bank.service, "wire_by_account", jane("rent")).await;
    let other = testing::call(&bank.service, "wire_by_account", json!({"account": "jane", "amount": 6})).await;
    assert_eq!((other.body(), wired(&bank)), (first.body(), 1));
    testing::call(&bank.service, "wire_by_account", jane("rent")).session("another").await.ok();
    assert_eq!(wired(&bank), 2, "without an identity, another session is another scope");
}

#[tokio::test]
async fn a_tool_that_says_no_gives_the_lease_back() {
    let bank = Bank::open().await;
    testing::call(&bank.service, "wire_money", jane("closed")).await.assert_error("conflict");
    assert!(bank.records().await.is_empty());
    testing::call(&bank.service, "wire_money", jane("open")).await.ok();
    assert_eq!(wired(&bank), 1);
}

#[tokio::test]
async fn what_may_have_happened_keeps_the_lease_until_its_end() {
    for note in ["broken", "panic", "hang"] {
        let bank = Bank::open().await;
        let call = |note| testing::call(&bank.service, "wire_money", jane(note)).deadline(Duration::from_millis(800));
        let first = call(note).await;
        let kind = if note == "hang" { "timed out" } else { "internal" };
        first.assert_error(kind);
        if note == "hang" {
            first.assert_message_contains("it may have happened; repeat the same call");
        }
        let until = bank.records().await[0]["leaseUntil"].as_n().unwrap().parse::<u64>().unwrap();
        let now = || u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()).unwrap();
        if now() + 20 < until {
            call("ok").await.assert_error("in progress");
        }
        while now() <= until {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        call("ok").await.ok();
        let wired = bank.wired.lock().unwrap();
        assert_eq!(wired.len(), 2, "the downstream system sees both");
        assert_eq!(wired[0].0, wired[1].0, "under one idempotency key");
    }
}

#[tokio::test]
async fn a_late_first_gets_the_reply_of_the_one_that_took_over() {
    let bank = Bank::open().await;
    let slow = testing::call(&bank.service, "wire_money", jane("slow"));
    let (first, second) = tokio::join!(slow, async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        // the first call's lease expires early, as with a wrong clock
        let id = bank.records().await[0]["id"].as_s().unwrap().clone();
        let update = bank.client.update_item().table_name("ledger").key("id", text(&id));
        let update = update.update_expression("SET leaseUntil = :past").expression_attribute_values(":past", number(1));
        update.send().await.unwrap();
        testing::call(&bank.service, "wire_money", jane("quick")).await
    });
    assert_eq!(first.ok(), second.ok(), "one reply for all");
}

#[tokio::test]
async fn a_ledger_that_fails_stops_the_call_before_and_says_so_after() {
    let bank = Bank::open().await;
    for fault in [Fault::error(500, "InternalServerError"), Fault::CutBefore] {
        bank.proxy.fail_next([fault]);
        let reply = testing::call(&bank.service, "wire_money", jane("x")).await;
        reply.assert_error("timed out").assert_message_contains("nothing has happened");
    }
    assert_eq!(wired(&bank), 0);
    // throttling and conflicts are transient
    bank.proxy.fail_next([Fault::error(400, "ThrottlingException"), Fault::error(400, "TransactionConflictException")]);
    testing::call(&bank.service, "wire_money", jane("x")).session("b").await.ok();
    // the write of the reply fails
    let call = || testing::call(&bank.service, "wire_money", jane("slow")).session("c");
    let (reply, ()) = tokio::join!(call(), async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        bank.proxy.fail_next([Fault::error(500, "InternalServerError")]);
    });
    reply.assert_error("timed out").assert_message_contains("it may have happened");
    call().await.assert_error("in progress");
}

#[tokio::test]
async fn the_answer_to_a_lease_may_be_lost() {
    let retries =
        aws_sdk_dynamodb::config::retry::RetryConfig::standard().with_initial_backoff(Duration::from_millis(5));
    let bank = Bank::with(retries).await;
    bank.proxy.fail_next([Fault::CutAfter]);
    testing::call(&bank.service, "wire_money", jane("x")).await.ok();
    assert_eq!(wired(&bank), 1);
}
