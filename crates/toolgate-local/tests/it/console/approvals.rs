//! Parked calls: what is shown, and what a decision is for.

use serde_json::{Value, json};

use super::support::{Desk, TEMPLATE};

const ID: &str = "APR-7M2KQ4XWZA";

fn row() -> Value {
    json!({
        "id": {"S": "call#echo#1"}, "approval": {"S": ID}, "tool": {"S": "echo"},
        "input": {"S": "{\"amount\":\"1.00\",\"note\":\"<b>\\u202e\"}"}, "session": {"S": "s-1"},
        "caller": {"S": "{\"userId\":\"u-1\"}"}, "parkedAt": {"N": "1764000000123"}, "expiresAt": {"N": "4102444800"},
    })
}

async fn put(desk: &Desk, table: &str, item: Value) {
    desk.dynamodb("PutItem", json!({"TableName": desk.table(table), "Item": item})).await;
}

async fn parked() -> Desk {
    let desk = Desk::start().await;
    put(&desk, "Waiting", row()).await;
    desk
}

async fn digest(desk: &Desk) -> String {
    desk.read("approvals").await["waiting"][0]["digest"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_waiting_call_is_shown_with_all_that_is_decided() {
    let desk = parked().await;
    let list = desk.read("approvals").await;
    assert_eq!((&list["configured"], &list["decided"]), (&json!(true), &json!([])));
    let mut shown = list["waiting"][0].clone();
    assert_eq!(shown["digest"].take().as_str().unwrap().len(), 64);
    assert_eq!(
        shown,
        json!({
            "id": ID, "tool": "echo", "function": "echo_function", "key": "echo#1", "digest": null,
            "input": {"amount": "1.00", "note": "<b>\u{202e}"}, "askedBy": {"userId": "u-1", "session": "s-1"},
            "parkedAt": "2025-11-24T16:00:00Z", "expiresAt": "2100-01-01T00:00:00Z", "unreadable": null,
        })
    );
}

#[tokio::test]
async fn a_row_that_cannot_be_read_is_listed_and_hides_no_other() {
    let desk = parked().await;
    let broken = json!({"id": {"S": "call#x"}, "approval": {"S": "APR-AAAAAAAAAA"}, "tool": {"S": "echo"},
        "input": {"S": "not JSON"}, "expiresAt": {"N": "4102444800"}});
    put(&desk, "Waiting", broken).await;
    let waiting = desk.read("approvals").await["waiting"].clone();
    let ids: Vec<&Value> = waiting.as_array().unwrap().iter().map(|one| &one["id"]).collect();
    assert_eq!(ids, [&json!(ID), &json!("APR-AAAAAAAAAA")]);
    assert!(waiting[1]["unreadable"].as_str().unwrap().contains("not a JSON object"), "{waiting}");
    let decided = json!({"by": "dana", "digest": "0"});
    assert_eq!(desk.refused("approvals/APR-AAAAAAAAAA/approve", decided).await.0, 409);
}

#[tokio::test]
async fn a_decision_is_for_the_call_that_was_shown() {
    let desk = parked().await;
    let shown = digest(&desk).await;
    let mut changed = row();
    changed["input"] = json!({"S": "{\"amount\":\"1000000.00\"}"});
    put(&desk, "Waiting", changed).await;
    let by = |digest: &str| json!({"by": "dana@example.com", "digest": digest});
    let (status, message) = desk.refused(&format!("approvals/{ID}/approve"), by(&shown)).await;
    assert_eq!((status, message.contains("differs")), (409, true), "{message}");
    assert_eq!(desk.read("approvals").await["decided"], json!([]));

    let now = digest(&desk).await;
    let done = desk.ok(&format!("approvals/{ID}/approve"), by(&now)).await;
    assert_eq!(done, json!({"id": ID, "decision": "approved"}));
    let (status, message) = desk.refused(&format!("approvals/{ID}/deny"), by(&now)).await;
    assert_eq!((status, message.contains("dana@example.com")), (409, true), "{message}");
    let list = desk.read("approvals").await;
    assert_eq!(list["waiting"], json!([]));
    let past = &list["decided"][0];
    assert_eq!((&past["decision"], &past["by"]), (&json!("approved"), &json!("dana@example.com")));
    assert_eq!((&past["used"], &past["usedAt"]), (&Value::Null, &Value::Null));
    assert!(past["decidedAt"].as_str().unwrap().ends_with('Z'));

    let mut used = row();
    used["input"] = json!({"S": "{\"amount\":\"1000000.00\"}"});
    used["usedBy"] = json!({"S": "echo#effect"});
    put(&desk, "Waiting", used).await;
    put(&desk, "Ledger", json!({"id": {"S": "echo#effect"}, "createdAt": {"N": "1764000001"}})).await;
    let past = desk.read("approvals").await["decided"][0].clone();
    assert_eq!((&past["used"], &past["usedAt"]), (&json!(true), &json!("2025-11-24T16:00:01Z")));
}

#[tokio::test]
async fn a_call_is_denied_by_somebody() {
    let desk = parked().await;
    let shown = digest(&desk).await;
    let long = "x".repeat(201);
    for by in ["", "  ", "a\nb", "a\u{1b}[2J", "a\u{202e}b", long.as_str()] {
        let body = json!({"by": by, "digest": shown});
        assert_eq!(desk.refused(&format!("approvals/{ID}/deny"), body).await.0, 400, "{by:?}");
    }
    for body in [json!({"by": "dana"}), json!({"digest": shown}), json!([])] {
        assert_eq!(desk.refused(&format!("approvals/{ID}/deny"), body).await.0, 400);
    }
    let body = json!({"by": "dana", "digest": shown});
    assert_eq!(desk.refused(&format!("approvals/{ID}/maybe"), body.clone()).await.0, 404);
    assert_eq!(desk.refused("approvals/APR-2222222222/deny", body.clone()).await.0, 404);
    assert_eq!(desk.ok(&format!("approvals/{ID}/deny"), body).await["decision"], "denied");
    assert_eq!(desk.read("approvals").await["decided"][0]["decision"], "denied");
}

#[tokio::test]
async fn a_template_without_such_a_table_has_no_approvals() {
    let desk = Desk::of(&TEMPLATE.replace("Approvals: Waiting, ", "")).await;
    assert_eq!(desk.read("approvals").await, json!({"waiting": [], "decided": [], "configured": false}));
    let body = json!({"by": "dana", "digest": "0"});
    assert_eq!(desk.refused(&format!("approvals/{ID}/approve"), body).await.0, 404);
}
