//! The operations of an approver on parked calls: list, and decide one time.

use serde_json::{Value, json};
use toolgate::{Wire, testing};
use toolgate_dynamodb::{Approvals, ApprovalsError, Decision};

use crate::{
    kit::{Bank, number},
    parked::decide,
};

fn approvals(bank: &Bank) -> Approvals {
    Approvals::new(bank.client.clone(), "approvals")
}

/// Parks a payment. Returns the approval's id.
async fn park(bank: &Bank, amount: i64, note: &str) -> String {
    let input = json!({"account": "jane", "amount": amount, "note": note});
    let reply = testing::call(&bank.service, "pay_confirmed", input).on(Wire::Gateway).await;
    reply.assert_error("waiting for approval");
    reply.message().split('`').nth(1).unwrap().to_owned()
}

async fn waiting(bank: &Bank) -> Vec<String> {
    approvals(bank).list().await.unwrap().pending.into_iter().map(|parked| parked.id).collect()
}

/// The stored request or decision for `id`.
async fn stored(bank: &Bank, prefix: &str, id: &str) -> Option<crate::kit::Item> {
    let items = bank.items("approvals").await;
    let is = |item: &&crate::kit::Item| {
        item["id"].as_s().unwrap().starts_with(prefix) && item["approval"].as_s().unwrap() == id
    };
    items.iter().find(is).cloned()
}

/// Changes the expiry of the stored item.
async fn set_end(bank: &Bank, prefix: &str, id: &str, end: u64) {
    let item = stored(bank, prefix, id).await.unwrap();
    let update = bank.client.update_item().table_name("approvals").key("id", item["id"].clone());
    let update = update.update_expression("SET expiresAt = :end").expression_attribute_values(":end", number(end));
    update.send().await.unwrap();
}

#[tokio::test]
async fn the_oldest_is_first_and_what_is_decided_or_over_is_not_listed() {
    let bank = Bank::open().await;
    let mut ids = Vec::new();
    for amount in 1..=12 {
        ids.push(park(&bank, amount, "x").await);
        // the resolution of the clock
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    assert_eq!(waiting(&bank).await, ids);
    decide(&approvals(&bank), &ids[3], Decision::Approve, "dana").await.unwrap();
    decide(&approvals(&bank), &ids[7], Decision::Deny, "dana").await.unwrap();
    set_end(&bank, "call#", &ids[10], 1_000).await;
    let left: Vec<_> = ids.iter().filter(|id| ![&ids[3], &ids[7], &ids[10]].contains(id)).cloned().collect();
    assert_eq!(waiting(&bank).await, left);
}

#[tokio::test]
async fn more_than_a_page_of_the_table_is_read() {
    let bank = Bank::open().await;
    let mut ids = Vec::new();
    for amount in 1..=14 {
        ids.push(park(&bank, amount, &"n".repeat(150_000)).await);
    }
    let first = bank.client.scan().table_name("approvals").send().await.unwrap();
    assert!(first.last_evaluated_key.is_some() && first.items().len() < ids.len(), "one page is not enough");
    let listed = approvals(&bank).list().await.unwrap().pending;
    assert_eq!(listed.len(), ids.len());
    assert!(listed.iter().all(|parked| parked.input["note"].as_str().unwrap().len() == 150_000), "inputs are whole");
    for id in &ids {
        assert_eq!(decide(&approvals(&bank), id, Decision::Deny, "dana").await.unwrap().id, *id);
    }
    assert!(waiting(&bank).await.is_empty());
}

#[tokio::test]
async fn a_decision_is_given_back_as_json_with_these_members() {
    let bank = Bank::open().await;
    let id = park(&bank, 5, "x").await;
    let parked = decide(&approvals(&bank), &id, Decision::Approve, "dana").await.unwrap();
    let json = serde_json::to_value(&parked).unwrap();
    let input = json!({"account": "jane", "amount": 5, "note": "x"});
    let expected = json!({
        "id": id, "tool": "pay_confirmed", "input": input, "session": null, "caller": null,
        "expiresAt": json["expiresAt"],
    });
    assert_eq!(json, expected);
    let end = json["expiresAt"].as_str().unwrap();
    assert!(end.len() == 20 && end.ends_with('Z'), "{end}");
}

#[tokio::test]
async fn who_decided_and_when_is_recorded() {
    let bank = Bank::open().await;
    for (amount, decision) in [(1, Decision::Approve), (2, Decision::Deny)] {
        let id = park(&bank, amount, "x").await;
        decide(&approvals(&bank), &id, decision, "dana@example.com").await.unwrap();
        let item = stored(&bank, "decision#", &id).await.unwrap();
        assert_eq!(item["decidedBy"].as_s().unwrap(), "dana@example.com");
        assert_eq!(item["decision"].as_s().unwrap(), decision.as_str());
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let at: u64 = item["decidedAt"].as_n().unwrap().parse().unwrap();
        assert!(now.abs_diff(at) < 60);
        // a decision expires together with its request
        assert_eq!(item["expiresAt"], stored(&bank, "call#", &id).await.unwrap()["expiresAt"]);
    }
}

#[tokio::test]
async fn the_first_decision_counts() {
    let bank = Bank::open().await;
    for (amount, first, second) in [(1, Decision::Approve, Decision::Deny), (2, Decision::Deny, Decision::Approve)] {
        let id = park(&bank, amount, "x").await;
        decide(&approvals(&bank), &id, first, "dana").await.unwrap();
        for again in [first, second] {
            let error = decide(&approvals(&bank), &id, again, "eve").await.unwrap_err();
            let decided =
                ApprovalsError::Decided { id: id.clone(), decision: first.as_str().into(), by: "dana".into() };
            assert_eq!(error, decided);
        }
        assert_eq!(stored(&bank, "decision#", &id).await.unwrap()["decidedBy"].as_s().unwrap(), "dana");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_decide_at_once_one_does() {
    let bank = Bank::open().await;
    let id = park(&bank, 1, "x").await;
    let decide = |place: usize| {
        let (approvals, id) = (approvals(&bank), id.clone());
        let decision = if place.is_multiple_of(2) { Decision::Approve } else { Decision::Deny };
        tokio::spawn(async move { decide(&approvals, &id, decision, &format!("person {place}")).await })
    };
    let mut done = Vec::new();
    for (place, task) in (0..16).map(decide).collect::<Vec<_>>().into_iter().enumerate() {
        match task.await.unwrap() {
            Ok(_) => done.push(format!("person {place}")),
            Err(error) => assert!(matches!(error, ApprovalsError::Decided { .. }), "{error}"),
        }
    }
    assert_eq!(done.len(), 1, "{done:?}");
    assert_eq!(stored(&bank, "decision#", &id).await.unwrap()["decidedBy"].as_s().unwrap(), &done[0]);
}

#[tokio::test]
async fn what_has_ended_is_not_decided_although_the_table_still_has_it() {
    let bank = Bank::open().await;
    let id = park(&bank, 1, "x").await;
    set_end(&bank, "call#", &id, 1_000).await;
    let error = decide(&approvals(&bank), &id, Decision::Approve, "dana").await.unwrap_err();
    assert_eq!(error, ApprovalsError::NotFound { id: id.clone() });
    assert!(stored(&bank, "decision#", &id).await.is_none());
}

#[tokio::test]
async fn an_old_answer_says_nothing_of_a_new_question() {
    for old in [Decision::Approve, Decision::Deny] {
        let bank = Bank::open().await;
        let id = park(&bank, 1, "x").await;
        decide(&approvals(&bank), &id, old, "dana").await.unwrap();
        // the request has expired, but its decision has not, for example because of a wrong clock
        set_end(&bank, "call#", &id, 1_000).await;
        let new = park(&bank, 1, "y").await;
        assert_ne!(new, id);
        assert_eq!(park(&bank, 1, "z").await, new);
        assert_eq!(waiting(&bank).await, [new.as_str()]);
        let error = decide(&approvals(&bank), &id, Decision::Approve, "eve").await.unwrap_err();
        assert_eq!(error, ApprovalsError::NotFound { id });
        // the new decision replaces the old one
        decide(&approvals(&bank), &new, Decision::Approve, "eve").await.unwrap();
        let reply =
            testing::call(&bank.service, "pay_confirmed", json!({"account": "jane", "amount": 1})).on(Wire::Gateway);
        assert_eq!(reply.await.ok()["amount"], Value::from(1));
        assert_eq!(bank.balance().await, (999, 1));
    }
}

#[tokio::test]
async fn a_hostile_id_names_nothing() {
    let bank = Bank::open().await;
    let id = park(&bank, 1, "x").await;
    let key = stored(&bank, "call#", &id).await.unwrap()["id"].as_s().unwrap().clone();
    let long = "A".repeat(5_000);
    let lower = id.to_lowercase();
    let padded = format!("{id} ");
    let bare = key.strip_prefix("call#").unwrap();
    let other = key.replace("call#", "decision#");
    let hostile = ["", "APR-", "*", "call#", "decision#", ":approval", "' OR 1=1", "APR-\0", "\u{202e}APR", &long];
    for text in hostile.into_iter().chain([lower.as_str(), &padded, bare, &key, &other]) {
        let error = decide(&approvals(&bank), text, Decision::Approve, "eve").await.unwrap_err();
        assert_eq!(error, ApprovalsError::NotFound { id: text.to_owned() });
    }
    assert_eq!(bank.items("approvals").await.len(), 2, "the call and its place");
    assert_eq!(waiting(&bank).await, [id]);
}

#[tokio::test]
async fn a_table_that_is_not_there_is_named() {
    let bank = Bank::open().await;
    let error = Approvals::new(bank.client.clone(), "nowhere").list().await.unwrap_err();
    assert!(error.to_string().ends_with("ResourceNotFoundException on table `nowhere`"), "{error}");
}

#[tokio::test]
async fn what_is_announced_is_a_call_that_still_waits() {
    let bank = Bank::open().await;
    let id = park(&bank, 1, "x").await;
    let item = stored(&bank, "call#", &id).await.unwrap();
    let key = item["id"].as_s().unwrap();
    let approvals = approvals(&bank);
    let call = approvals.parked(key).await.unwrap().unwrap();
    let shown = approvals.find(&id).await.unwrap();
    assert_eq!((call.id, call.tool, call.expires_at), (shown.id, shown.tool, shown.expires_at));
    for other in [key.replacen("call#", "decision#", 1), key.replacen("call#", "waiting#", 1), format!("{key}x")] {
        assert_eq!(approvals.parked(&other).await.unwrap(), None, "{other}");
    }
    let change = async |expression: &str| {
        let update = bank.client.update_item().table_name("approvals").key("id", item["id"].clone());
        let update = update.expression_attribute_values(":value", number(1_000)).update_expression(expression);
        update.send().await.unwrap();
    };
    change("SET usedBy = :value").await;
    assert_eq!(approvals.parked(key).await.unwrap(), None, "it has run");
    change("SET expiresAt = :value REMOVE usedBy").await;
    assert_eq!(approvals.parked(key).await.unwrap(), None, "it has expired");
    change("SET tool = :value REMOVE expiresAt").await;
    let unreadable = approvals.parked(key).await.unwrap_err();
    assert!(matches!(&unreadable, ApprovalsError::Unreadable(call) if call.id.as_deref() == Some(&id)), "{unreadable}");
}
