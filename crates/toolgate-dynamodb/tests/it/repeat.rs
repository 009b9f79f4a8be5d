//! A repeat gets the first reply, and nothing happens again.

use serde_json::{Value, json};

use crate::kit::{Bank, call, number, text};

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
    assert!(!format!("{record:?}").contains("+1 555-010-0100"), "what the model may not read is not kept");
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
    let hash = record.remove("inputHash").unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    let set = async |expires: u64| {
        let item =
            [("id", text(&id)), ("reply", reply.clone()), ("inputHash", hash.clone()), ("expiresAt", number(expires))];
        bank.put("ledger", item).await;
    };
    set(now + 60).await;
    assert_eq!(bank.pay("s-1", 100).await, first);
    set(now - 1).await;
    let second = bank.pay("s-1", 100).await;
    assert_ne!(second, first);
    // and the new record counts again
    assert_eq!(bank.pay("s-1", 100).await, second);
    assert_eq!(bank.balance().await, (800, 2));
}

#[tokio::test]
async fn another_input_under_a_tools_own_key_is_a_conflict() {
    let bank = Bank::open().await;
    let pay = async |session, amount| {
        bank.call("pay_by_note", session, json!({"account": "jane", "amount": amount, "note": "n-1"})).await
    };
    let first = pay("s-1", 100).await;
    // a key of its own holds for all sessions
    assert_eq!(pay("s-2", 100).await, first);
    let other = pay("s-1", 200).await;
    assert_eq!(other["error"]["kind"], "conflict", "{other}");
    assert_eq!(bank.balance().await, (900, 1));
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
