//! The input that was shown is the input that runs. A decision applies to one input, and unreadable rows do not hide
//! readable ones.

use serde_json::{Value, json};
use toolgate::{Wire, testing};
use toolgate_dynamodb::{Approvals, ApprovalsError, Decision, PendingApproval};

use crate::kit::{Bank, number, text};

fn approvals(bank: &Bank) -> Approvals {
    Approvals::new(bank.client.clone(), "approvals")
}

fn pay(bank: &Bank, amount: i64) -> testing::TestCall<'_, crate::kit::State> {
    let input = json!({"account": "jane", "amount": amount, "note": "rent"});
    testing::call(&bank.service, "pay_confirmed", input).on(Wire::Gateway).identity("customerId", "CUST-1")
}

/// Parks a payment of 10. Returns the call as a person sees it.
async fn parked(bank: &Bank) -> PendingApproval {
    pay(bank, 10).await.assert_error("waiting for approval");
    approvals(bank).list().await.unwrap().pending.remove(0)
}

/// Writes another value into the request, as a compromised function could.
async fn swap(bank: &Bank, name: &str, value: &str) {
    let items = bank.items("approvals").await;
    let call = items.iter().find(|item| item["id"].as_s().unwrap().starts_with("call#")).unwrap();
    let update = bank.client.update_item().table_name("approvals").key("id", call["id"].clone());
    let update = update.update_expression("SET #name = :value").expression_attribute_names("#name", name);
    update.expression_attribute_values(":value", text(value)).send().await.unwrap();
}

const MORE: &str = r#"{"account":"jane","amount":200,"note":"rent"}"#;

#[tokio::test]
async fn what_was_swapped_after_it_was_shown_is_not_decided() {
    for (name, value) in [
        ("input", MORE),
        ("input", r#"{"account":"jane","amount":10,"note":"rent" }"#),
        ("tool", "wire_confirmed"),
        ("caller", r#"{"customerId":"CUST-2"}"#),
    ] {
        for decision in [Decision::Approve, Decision::Deny] {
            let bank = Bank::open().await;
            let shown = parked(&bank).await;
            swap(&bank, name, value).await;
            let decided = approvals(&bank).decide(&shown, decision, "dana").await;
            // the same JSON in another spelling is the same call
            if value.ends_with(" }") {
                decided.unwrap();
                continue;
            }
            assert_eq!(decided.unwrap_err(), ApprovalsError::Changed { id: shown.id.clone() }, "{name}");
            let items = bank.items("approvals").await;
            assert!(!items.iter().any(|item| item["id"].as_s().unwrap().starts_with("decision#")));
            pay(&bank, 10).await.assert_error("waiting for approval");
            assert_eq!(bank.balance().await, (1_000, 0));
        }
    }
}

#[tokio::test]
async fn what_is_swapped_after_the_yes_never_runs_and_waits_again() {
    let bank = Bank::open().await;
    let shown = parked(&bank).await;
    approvals(&bank).decide(&shown, Decision::Approve, "dana").await.unwrap();
    swap(&bank, "input", MORE).await;
    pay(&bank, 10).await.assert_error("waiting for approval").assert_message_contains(&shown.id);
    assert_eq!(bank.balance().await, (1_000, 0));
    // a person sees the input that would run now, and may deny it
    let again = approvals(&bank).list().await.unwrap().pending.remove(0);
    assert_eq!((again.id.as_str(), &again.input["amount"]), (shown.id.as_str(), &json!(200)));
    assert_ne!(again.digest(), shown.digest());
    let error = approvals(&bank).decide(&shown, Decision::Approve, "dana").await.unwrap_err();
    assert_eq!(error, ApprovalsError::Changed { id: shown.id.clone() });
    approvals(&bank).decide(&again, Decision::Deny, "eve").await.unwrap();
    pay(&bank, 10).await.assert_error("refused");
    assert_eq!(bank.balance().await, (1_000, 0));
}

#[tokio::test]
async fn a_question_that_names_another_tool_or_caller_is_approved_for_nobody() {
    for (name, value) in [("caller", r#"{"customerId":"CUST-2"}"#), ("tool", "look")] {
        let bank = Bank::open().await;
        parked(&bank).await;
        swap(&bank, name, value).await;
        let lie = approvals(&bank).list().await.unwrap().pending.remove(0);
        approvals(&bank).decide(&lie, Decision::Approve, "dana").await.unwrap();
        pay(&bank, 10).await.assert_error("waiting for approval");
        assert_eq!(bank.balance().await, (1_000, 0), "{name}");
    }
}

#[tokio::test]
async fn a_decision_without_a_digest_decides_nothing() {
    let bank = Bank::open().await;
    let shown = parked(&bank).await;
    let key = bank
        .items("approvals")
        .await
        .iter()
        .find_map(|item| Some(item["id"].as_s().unwrap().strip_prefix("call#")?.to_owned()));
    let id = format!("decision#{}", key.unwrap());
    let end = number(4_102_444_800_u64);
    bank.put(
        "approvals",
        [("id", text(&id)), ("approval", text(&shown.id)), ("decision", text("approved")), ("expiresAt", end)],
    )
    .await;
    pay(&bank, 10).await.assert_error("waiting for approval");
    // and it does not block other calls
    approvals(&bank).decide(&shown, Decision::Approve, "dana").await.unwrap();
    pay(&bank, 10).await.ok();
    assert_eq!(bank.balance().await, (990, 1));
}

#[tokio::test]
async fn a_call_that_was_made_up_is_not_decided() {
    let bank = Bank::open().await;
    let mut shown = parked(&bank).await;
    shown.input.insert("amount".to_owned(), json!(1));
    let error = approvals(&bank).decide(&shown, Decision::Approve, "dana").await.unwrap_err();
    assert_eq!(error, ApprovalsError::Changed { id: shown.id.clone() });
    let json = serde_json::to_value(parked(&bank).await).unwrap();
    let back: PendingApproval = serde_json::from_value(json).unwrap();
    approvals(&bank).decide(&back, Decision::Approve, "dana").await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_swap_at_the_moment_of_the_decision_never_runs() {
    for _ in 0..20 {
        let bank = Bank::open().await;
        let shown = parked(&bank).await;
        let approvals = approvals(&bank);
        let decide = approvals.decide(&shown, Decision::Approve, "dana");
        let (decided, ()) = tokio::join!(decide, swap(&bank, "input", MORE));
        assert!(matches!(decided, Ok(()) | Err(ApprovalsError::Changed { .. })), "{decided:?}");
        pay(&bank, 10).await.assert_error("waiting for approval");
        assert_eq!(bank.balance().await, (1_000, 0));
    }
}

#[tokio::test]
async fn rows_that_cannot_be_read_are_listed_and_hide_no_others() {
    let bank = Bank::open().await;
    let shown = parked(&bank).await;
    let deep = format!("{{\"list\":{}{}}}", "[".repeat(130), "]".repeat(130));
    let end = || ("expiresAt", number(4_102_444_800_u64));
    let tool = || ("tool", text("pay"));
    bank.put("approvals", [("id", text("call#a")), ("approval", text("APR-A")), tool(), ("input", text(&deep)), end()])
        .await;
    bank.put("approvals", [("id", text("call#b")), ("approval", text("APR-B")), tool(), ("input", text("[1]")), end()])
        .await;
    bank.put("approvals", [("id", text("call#c")), ("approval", text("APR-C")), tool(), end()]).await;
    bank.put("approvals", [("id", text("call#d")), ("input", text("{}")), tool(), end()]).await;
    bank.put("approvals", [("id", text("call#e")), ("approval", text("APR-E")), ("input", text("{}")), end()]).await;
    bank.put("approvals", [("id", text("call#f")), ("approval", text("APR-F")), tool(), ("input", text("{}"))]).await;
    let caller = ("caller", text("{\"customerId\":1}"));
    bank.put(
        "approvals",
        [("id", text("call#g")), ("approval", text("APR-G")), tool(), ("input", text("{}")), caller, end()],
    )
    .await;
    let list = approvals(&bank).list().await.unwrap();
    assert_eq!(list.pending, std::slice::from_ref(&shown));
    let mut bad: Vec<_> =
        list.unreadable.iter().map(|bad| (bad.key.as_str(), bad.id.as_deref().unwrap_or("-"))).collect();
    bad.sort_unstable();
    let expected = ["a", "b", "c", "d", "e", "f", "g"].map(|name| {
        let id = if name == "d" { "-".to_owned() } else { format!("APR-{}", name.to_uppercase()) };
        (format!("call#{name}"), id)
    });
    assert_eq!(bad, expected.each_ref().map(|(key, id)| (key.as_str(), id.as_str())));
    for id in ["APR-A", "APR-G"] {
        let error = approvals(&bank).find(id).await.unwrap_err();
        assert!(matches!(&error, ApprovalsError::Unreadable(bad) if bad.id.as_deref() == Some(id)), "{error}");
    }
    approvals(&bank).decide(&shown, Decision::Approve, "dana").await.unwrap();
    assert_eq!(pay(&bank, 10).await.ok()["amount"], Value::from(10));
}
