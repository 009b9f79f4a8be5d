//! `GET /console/api/state`.

use serde_json::{Value, json};

use super::support::Desk;
use crate::support::{Agent, folder, header, local, seeded};

#[tokio::test]
async fn the_state_names_what_the_page_shows() {
    let desk = Desk::start().await;
    let answer = desk.get("/console/api/state").send().await.unwrap();
    assert_eq!(header(&answer, "cache-control"), Some("no-store"));
    let state: Value = answer.json().await.unwrap();
    assert_eq!(state["status"], "ok");
    assert_eq!(state["template"], "template.yaml", "no folder of this machine");
    assert_eq!(state["endpoint"], desk.agent.running.url());
    assert_eq!(state["hostile"], Value::Null);
    assert_eq!(state["sessionUsd"], "10.00");
    assert_eq!(state["gateway"], json!({"url": desk.agent.url("/mcp"), "tools": 1}));

    let agents = state["agents"].as_array().unwrap();
    let agent = |id: &str| agents.iter().find(|agent| agent["id"] == id).unwrap();
    assert_eq!(agent("Helper")["tools"], json!(["echo"]));
    assert_eq!(agent("Helper")["attributes"], json!(["userId"]));
    assert_eq!(agent("Boss")["collaborators"], json!(["Helps"]));
    assert_eq!(agent("Boss")["attributes"], json!(["userId"]), "those of its collaborator");
    assert!(agent("Boss")["model"].as_str().unwrap().starts_with("script:"));
    assert_eq!(agent("Boss")["suggestions"], json!(["say hello", "who are you"]));
    assert_eq!(state["suggestions"], json!(["say hello", "who are you"]));
    assert_eq!(state["attributeExamples"], json!({"userId": "u-1"}));

    let [function] = &state["functions"].as_array().unwrap()[..] else { panic!("{state}") };
    assert_eq!((&function["name"], &function["logicalId"]), (&json!("echo_function"), &json!("Echo")));
    assert_eq!(function["wires"], json!(["function", "api", "gateway", "direct", "mcp"]));
    assert_eq!((&function["instances"], &function["identity"]), (&json!(1), &json!(["userId"])));
    let tool = &function["tools"][0];
    assert_eq!((&tool["name"], &tool["outputFields"]), (&json!("echo"), &json!(["text"])));
    assert_eq!((&tool["confirm"], &tool["once"], &tool["agents"]), (&json!(false), &json!(false), &json!(["Helper"])));
    assert_eq!(tool["inputSchema"]["required"], json!(["text"]));

    let tables = state["tables"].as_array().unwrap();
    let table = |id: &str| tables.iter().find(|table| table["logicalId"] == id).unwrap();
    assert_eq!(table("Items")["keys"], json!([{"name": "id", "type": "S", "role": "HASH"}]));
    let index =
        [json!({"name": "id", "type": "S", "role": "HASH"}), json!({"name": "at", "type": "N", "role": "RANGE"})];
    assert_eq!(table("Items")["indexes"], json!([{"name": "byTime", "keys": index}]));
    let roles: Vec<_> = ["Items", "Ledger", "Waiting"].iter().map(|id| &table(id)["role"]).collect();
    assert_eq!(roles, [&Value::Null, &json!("ledger"), &json!("approvals")]);
    assert_eq!(table("Waiting")["items"], 0);
}

#[tokio::test]
async fn a_start_has_an_instance_of_its_own() {
    let one = Desk::start().await.read("state").await;
    let other = Desk::start().await.read("state").await;
    assert!(one["instance"].as_str().unwrap().len() >= 16);
    assert_ne!(one["instance"], other["instance"]);
}

#[tokio::test]
async fn while_it_starts_the_page_is_there_and_the_api_says_so() {
    let folder = folder(&seeded("slow-seed"));
    // a port that is known before the start
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let starting = tokio::spawn(local(&folder).port(port).start());
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = |path: &str| format!("http://127.0.0.1:{port}{path}");
    let early = loop {
        match http.get(url("/console/api/state")).send().await {
            Ok(answer) => break answer,
            Err(_) => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
        }
    };
    assert_eq!(early.status(), 503);
    let early: Value = early.json().await.unwrap();
    assert_eq!(early["status"], "starting");
    assert_eq!(http.get(url("/")).send().await.unwrap().status(), 200);
    assert_eq!(http.get(url("/console/app.js")).send().await.unwrap().status(), 200);
    let post = http.post(url("/console/api/reset")).json(&json!({})).send().await.unwrap();
    assert_eq!(post.status(), 503);
    let refused: Value = post.json().await.unwrap();
    assert_eq!(refused["error"]["kind"], "starting");
    let agent = Agent::of(starting.await.unwrap().unwrap());
    let state: Value = http.get(agent.url("/console/api/state")).send().await.unwrap().json().await.unwrap();
    assert_eq!((&state["status"], &state["instance"]), (&json!("ok"), &early["instance"]));
}
