//! The tables are emptied and seeded again.

use std::time::Duration;

use serde_json::{Value, json};

use super::support::{Desk, TEMPLATE};

fn seeded(role: &str) -> String {
    let seed = format!("Seed: {{Binary: echo_function, Environment: {{TABLE: !Ref Items, ECHO_ROLE: {role}}}}}");
    TEMPLATE.replace("Approvals: Waiting,", &format!("Approvals: Waiting, {seed},"))
}

/// The ids of a table's items.
async fn ids(desk: &Desk, table: &str) -> Vec<String> {
    let name = desk.table(table);
    let items = desk.dynamodb("Scan", json!({"TableName": name})).await["Items"].clone();
    items.as_array().unwrap().iter().map(|item| item["id"]["S"].as_str().unwrap().to_owned()).collect()
}

async fn put(desk: &Desk, table: &str, id: &str) {
    let item = json!({"TableName": desk.table(table), "Item": {"id": {"S": id}}});
    desk.dynamodb("PutItem", item).await;
}

async fn pid(desk: &Desk) -> Value {
    desk.agent.invoke("Echo", json!({})).await.json::<Value>().await.unwrap()["pid"].clone()
}

#[tokio::test]
async fn the_tables_have_the_seed_again_and_functions_keep_running() {
    let desk = Desk::of(&seeded("seed")).await;
    for number in 0..60 {
        put(&desk, "Items", &format!("more-{number}")).await;
    }
    put(&desk, "Ledger", "echo#1").await;
    put(&desk, "Waiting", "call#1").await;
    let before = pid(&desk).await;
    assert_eq!(desk.ok("reset", json!({})).await, json!({"tables": 3}));
    assert_eq!(ids(&desk, "Items").await, ["seeded"]);
    assert_eq!((ids(&desk, "Ledger").await.len(), ids(&desk, "Waiting").await.len()), (0, 0));
    assert_eq!(pid(&desk).await, before);
}

#[tokio::test]
async fn without_a_seed_the_tables_are_empty() {
    let desk = Desk::start().await;
    put(&desk, "Items", "one").await;
    desk.ok("reset", json!({})).await;
    assert!(ids(&desk, "Items").await.is_empty());
}

#[tokio::test]
async fn one_reset_runs_at_a_time_and_to_its_end() {
    let desk = Desk::of(&seeded("slow-seed")).await;
    put(&desk, "Items", "one").await;
    // A client that leaves in the middle.
    let request = desk.posting("reset", &json!({})).timeout(Duration::from_millis(200)).send().await;
    assert!(request.unwrap_err().is_timeout());
    let second = desk.post("reset", json!({})).await;
    assert_eq!(second.status(), 503, "half-filled tables are read by nobody");
    assert_eq!(desk.agent.invoke("Echo", json!({})).await.status(), 503);
    let state = desk.get("/console/api/state").send().await.unwrap();
    assert_eq!(state.json::<Value>().await.unwrap()["status"], "starting");
    while desk.get("/console/api/state").send().await.unwrap().status() != 200 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(ids(&desk, "Items").await, ["seeded"]);
}

#[tokio::test]
async fn tables_that_another_local_agent_uses_too_are_not_emptied() {
    let data = tempfile::tempdir().unwrap();
    let (one, other) = (Desk::with_tables_in(data.path()).await, Desk::with_tables_in(data.path()).await);
    put(&other, "Items", "of the other").await;
    let (status, message) = one.refused("reset", json!({})).await;
    assert!(status == 409 && message.contains("another `toolgate dev` uses the tables"), "{status} {message}");
    assert_eq!(ids(&one, "Items").await, ["of the other"]);
    other.agent.running.shutdown().await;
    one.ok("reset", json!({})).await;
    assert!(ids(&one, "Items").await.is_empty());
    let again = Desk::with_tables_in(data.path()).await;
    assert_eq!(again.refused("reset", json!({})).await.0, 409, "after a reset others share the tables again");
    assert_eq!(one.refused("reset", json!({})).await.0, 409);
}
