//! The errors of a commit that does not happen.

use serde_json::json;

use crate::kit::{Bank, number, text};

#[tokio::test]
async fn a_failed_condition_names_the_tools_item_and_the_data_as_it_is() {
    let bank = Bank::open().await;
    let reply = bank.pay("s-1", 1_001).await;
    assert_eq!(reply["error"]["kind"], "refused", "{reply}");
    bank.call("pay", "s-1", json!({"account": "nobody", "amount": 1})).await;
    // the index counts the tool's items only: this is the second of them
    let failed = std::mem::take(&mut *bank.failed.lock().unwrap());
    assert_eq!(failed, [(1, Some("1000".to_owned())), (1, None)]);
    assert_eq!(bank.balance().await, (1_000, 0));
    assert!(bank.records().await.is_empty(), "what did not happen is not recorded");
}

#[tokio::test]
async fn what_has_not_happened_may_happen_later() {
    let bank = Bank::open().await;
    bank.pay("s-1", 600).await;
    assert_eq!(bank.pay("s-2", 600).await["error"]["kind"], "refused");
    bank.put("accounts", [("id", text("jane")), ("balance", number(600))]).await;
    bank.put("accounts", [("id", text("bank")), ("payments", number(1)), ("taken", number(400))]).await;
    assert_eq!(bank.pay("s-2", 600).await["amount"], 600);
    assert_eq!(bank.balance().await, (0, 2));
}

#[tokio::test]
async fn a_repeat_is_a_repeat_though_its_condition_holds_no_more() {
    let bank = Bank::open().await;
    let first = bank.pay("s-1", 700).await;
    // 300 are left, so the record's condition and the account's condition both fail
    assert_eq!(bank.pay("s-1", 700).await, first);
    assert!(bank.failed.lock().unwrap().is_empty());
    assert_eq!(bank.balance().await, (300, 1));
}

#[tokio::test]
async fn a_failed_condition_without_a_word_of_the_tool_is_a_conflict() {
    let bank = Bank::open().await;
    let reply = bank.call("pay_or_fail", "s-1", json!({"account": "jane", "amount": 1})).await;
    assert_eq!(reply["error"]["kind"], "conflict", "{reply}");
    assert_eq!(reply["error"]["message"], "the data has changed meanwhile; look again");
}

#[tokio::test]
async fn a_commit_outside_of_a_once_tool_is_refused_and_writes_nothing() {
    let bank = Bank::open().await;
    let reply = bank.call("pay_whenever", "s-1", json!({"account": "jane", "amount": 1})).await;
    assert_eq!(reply["error"]["kind"], "internal", "{reply}");
    assert_eq!(bank.proxy.requests(), 0);
    assert_eq!(bank.balance().await, (1_000, 0));
}
