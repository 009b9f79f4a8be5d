//! A repeat gets the first reply and has no effect.

use serde_json::{Value, json};
use toolgate::testing;

use crate::{
    kit::{Bank, call, number, text},
    proxy::Fault,
};

#[tokio::test]
async fn a_repeat_gets_the_first_reply_in_one_request() {
    let bank = Bank::open().await;
    let first = bank.pay("s-1", 100).await;
    assert_eq!(first, json!({"paymentId": "PAY-0", "account": "jane", "amount": 100, "auditor": {"name": "Ann"}}));
    assert_eq!(bank.proxy.requests(), 1, "the first call is one request");
    assert_eq!(bank.pay("s-1", 100).await, first);
    assert_eq!(bank.proxy.requests(), 1, "a repeat is one request");
    assert_eq!(bank.balance().await, (900, 1));
}

#[tokio::test]
async fn what_is_not_part_of_the_key_makes_no_other_effect() {
    let bank = Bank::open().await;
    let first = bank.call("pay", "s-1", json!({"account": "jane", "amount": 100, "note": "rent"})).await;
    let again = bank.call("pay", "s-1", json!({"account": "jane", "amount": "100", "note": "the rent"})).await;
    assert_eq!(first, again);
    assert_eq!(bank.balance().await, (900, 1));
}

#[tokio::test]
async fn another_session_and_another_input_have_their_own_effects() {
    let bank = Bank::open().await;
    let mut ids = Vec::new();
    for (session, amount) in [("s-1", 100), ("s-2", 100), ("s-1", 101)] {
        ids.push(bank.pay(session, amount).await["paymentId"].clone());
    }
    assert_eq!(ids, ["PAY-0", "PAY-1", "PAY-2"]);
    assert_eq!(bank.balance().await, (699, 3));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thirty_two_identical_calls_have_one_effect_and_one_reply() {
    let bank = Bank::open().await;
    let calls = (0..32).map(|_| {
        let service = bank.service.clone();
        tokio::spawn(async move { call(&service, "pay", "s-1", json!({"account": "jane", "amount": 100})).await })
    });
    let mut replies: Vec<Value> = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        replies.push(call.await.unwrap());
    }
    assert!(replies[0]["paymentId"].is_string(), "{}", replies[0]);
    assert!(replies.iter().all(|reply| *reply == replies[0]), "{replies:?}");
    assert_eq!(bank.balance().await, (900, 1));
    assert_eq!(bank.records().await.len(), 1);
}

#[tokio::test]
async fn the_record_holds_exposed_fields_only_and_says_how_long_it_counts() {
    let bank = Bank::open().await;
    let reply = bank.pay("s-1", 100).await;
    let records = bank.records().await;
    let record = &records[0];
    let stored: Value = serde_json::from_str(record["reply"].as_s().unwrap()).unwrap();
    assert_eq!(stored, reply);
    assert!(!format!("{record:?}").contains("+1 555-010-0100"), "a field that the model may not read is not kept");
    assert!(record["id"].as_s().unwrap().starts_with("pay#"));
    let at = |name: &str| record[name].as_n().unwrap().parse::<u64>().unwrap();
    assert_eq!(at("expiresAt") - at("createdAt"), toolgate::DEFAULT_ONCE_TTL.as_secs());
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    assert!(now.abs_diff(at("createdAt")) < 60);
}

#[tokio::test]
async fn a_record_that_has_expired_counts_no_more_though_it_is_still_there() {
    let bank = Bank::open().await;
    let first = bank.pay("s-1", 100).await;
    let mut record = bank.records().await.remove(0);
    let id = record["id"].as_s().unwrap().clone();
    let reply = record.remove("reply").unwrap();
    let session = record.remove("session").unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let set = async |expires: u64| {
        let item =
            [("id", text(&id)), ("reply", reply.clone()), ("session", session.clone()), ("expiresAt", number(expires))];
        bank.put("ledger", item).await;
    };
    set(now + 60).await;
    assert_eq!(bank.pay("s-1", 100).await, first);
    set(now - 1).await;
    let second = bank.pay("s-1", 100).await;
    assert_ne!(second, first);
    // and the new record is valid again
    assert_eq!(bank.pay("s-1", 100).await, second);
    assert_eq!(bank.balance().await, (800, 2));
}

#[tokio::test]
async fn the_identity_is_the_scope_and_a_repeat_in_another_session_says_so() {
    let bank = Bank::open().await;
    let pay = async |session: &str, note: &str| {
        let input = json!({"account": "jane", "amount": 100, "note": note});
        let call = testing::call(&bank.service, "pay", input).session(session).identity("customerId", "CUST-1");
        call.await.body().clone()
    };
    let first = pay("s-1", "rent").await;
    assert_eq!(pay("s-1", "the rent").await, first, "in its own session it is the first reply to the letter");
    let mut elsewhere = pay("s-2", "rent").await;
    let repeated = elsewhere.as_object_mut().unwrap().remove("repeated").unwrap();
    assert_eq!(elsewhere, first);
    let at = repeated["firstAt"].as_str().unwrap();
    assert!(at.len() == "2026-11-29T12:00:00Z".len() && at.ends_with('Z'), "{at}");
    assert_eq!(bank.balance().await, (900, 1));
}

#[tokio::test]
async fn a_tool_that_reads_judges_and_writes_gives_repeats_the_first_reply() {
    for tool in ["judge_and_pay", "look_and_pay"] {
        let bank = Bank::open().await;
        let pay = async |amount: i64| bank.call(tool, "s-1", json!({"account": "jane", "amount": amount})).await;
        // the whole balance, so that a repeat would find too little money
        let first = pay(1_000).await;
        assert_eq!(first["amount"], 1_000, "{first}");
        for _ in 0..3 {
            assert_eq!(pay(1_000).await, first, "{tool}");
        }
        assert_eq!(pay(999).await["error"]["kind"], "conflict", "another payment is checked again");
        assert_eq!(bank.balance().await, (0, 1));
    }
}

#[tokio::test]
async fn looking_first_costs_one_read_and_spares_the_tool_its_work() {
    let bank = Bank::open().await;
    let pay = async |tool: &str| {
        bank.call(tool, "s-1", json!({"account": "jane", "amount": 10})).await;
        bank.proxy.requests()
    };
    assert_eq!((pay("pay").await, pay("pay").await), (1, 1), "the conditions of the write decide");
    assert_eq!((pay("judge_and_pay").await, pay("judge_and_pay").await), (2, 2));
    assert_eq!((pay("look_and_pay").await, pay("look_and_pay").await), (3, 1));
}

#[tokio::test]
async fn whether_it_is_a_repeat_is_never_guessed() {
    let bank = Bank::open().await;
    let pay = async || bank.call("judge_and_pay", "s-1", json!({"account": "jane", "amount": 1_000})).await;
    pay().await;
    // the tool's own read succeeds, and the read of the record fails
    bank.proxy.fail_next([
        Fault::Pass,
        Fault::error(500, "InternalServerError"),
        Fault::error(500, "InternalServerError"),
    ]);
    let reply = pay().await;
    assert_eq!(reply["error"]["kind"], "timed out", "{reply}");
    assert_eq!(bank.balance().await, (0, 1));
}

#[tokio::test]
async fn a_record_without_a_reply_is_in_progress() {
    let bank = Bank::open().await;
    bank.pay("s-1", 100).await;
    let record = bank.records().await.remove(0);
    let item = [("id", record["id"].clone()), ("expiresAt", record["expiresAt"].clone())];
    bank.put("ledger", item).await;
    let reply = bank.pay("s-1", 100).await;
    assert_eq!(reply["error"]["kind"], "in progress", "{reply}");
    assert_eq!(bank.balance().await, (900, 1));
}
