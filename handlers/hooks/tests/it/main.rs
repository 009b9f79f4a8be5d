//! The hook with a real ledger: what it allows, books and denies.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may fail loudly")]

use std::sync::{Arc, Mutex};

use hooks::SessionBudget;
use serde_json::{Value, json};
use toolgate::{BudgetCharge, Metrics, Usd, hooks::answer};
use toolgate_dynamodb::DynamoLedger;
use toolgate_testkit::database::Server;

/// A dollar a session; 3 dollars for a million tokens of input, 15 for output.
async fn hook() -> (Server, SessionBudget) {
    let server = Server::start([("ledger", "id", Vec::new())]).await;
    let ledger = DynamoLedger::new(server.client.clone(), "ledger");
    let usd = |text: &str| text.parse::<Usd>().unwrap();
    let budget = SessionBudget::new(ledger, usd("1.00"), usd("3.00"), usd("15.00"));
    (server, budget)
}

fn event(kind: &str, session: &str, context: &Value) -> Value {
    json!({
        "hookEventId": "1", "name": "budget", "event": kind, "harnessArn": "arn:x", "sessionId": session,
        "context": context,
    })
}

async fn begin(hook: &SessionBudget, session: &str) -> bool {
    let event = event("before_invocation", session, &json!({"messageCount": 1, "messages": []}));
    answer(event, async |event| hook.decide(event).await).await["decision"] == "allow"
}

async fn end(hook: &SessionBudget, session: &str, usage: &Value) {
    let event = event("after_invocation", session, &json!({"stopReason": "end_turn", "usage": usage}));
    assert_eq!(answer(event, async |event| hook.decide(event).await).await, json!({"decision": "allow"}));
}

#[tokio::test]
async fn a_session_ends_when_its_budget_is_used_up_and_others_go_on() {
    let (_server, hook) = hook().await;
    // 0.30 + 0.60 dollars
    end(&hook, "s-1", &json!({"inputTokens": 100_000, "outputTokens": 40_000})).await;
    assert!(begin(&hook, "s-1").await);
    end(&hook, "s-1", &json!({"inputTokens": 1, "outputTokens": 6_667})).await;
    assert!(!begin(&hook, "s-1").await, "1.000008 dollars are used");
    assert!(begin(&hook, "s-2").await);
}

#[tokio::test]
async fn an_invocation_without_usage_uses_up_the_budget() {
    let (_server, hook) = hook().await;
    for (session, usage) in [("s-1", Value::Null), ("s-2", json!({"inputTokens": 1})), ("s-3", json!("many"))] {
        end(&hook, session, &usage).await;
        assert!(!begin(&hook, session).await, "{usage}");
    }
}

#[tokio::test]
async fn tools_are_not_its_business_and_a_lost_ledger_denies() {
    let (server, hook) = hook().await;
    let call = json!({"toolName": "t", "toolType": "builtin", "toolInput": {}, "toolUseId": "1"});
    let before = event("before_tool_call", "s-1", &call);
    assert_eq!(answer(before, async |event| hook.decide(event).await).await, json!({"decision": "allow"}));
    drop(server);
    assert!(!begin(&hook, "s-1").await, "without a ledger nothing is known");
}

#[tokio::test]
async fn what_is_booked_is_measured_to_the_micro_dollar() {
    let (server, hook) = hook().await;
    let lines = Arc::new(Mutex::new(Vec::<Value>::new()));
    let log = lines.clone();
    let hook = hook.with_metrics(Metrics::new("BedrockAgents/support-desk/dev", move |line| {
        log.lock().unwrap().push(serde_json::from_str(line).unwrap());
    }));
    let usages =
        [json!({"inputTokens": 1, "outputTokens": 1}), json!({"inputTokens": 333, "outputTokens": 7}), Value::Null];
    for usage in &usages {
        assert!(begin(&hook, "s-1").await);
        end(&hook, "s-1", usage).await;
    }
    assert!(!begin(&hook, "s-1").await);
    let lines = lines.lock().unwrap().clone();
    let sum = |name: &str| -> u64 { lines.iter().filter_map(|line| line[name].as_u64()).sum() };
    let ledger = DynamoLedger::new(server.client.clone(), "ledger");
    let budget = BudgetCharge::id_of(Some("s-1"), &Default::default()).unwrap();
    assert_eq!(sum("HarnessCostMicroUsd"), ledger.spent(&budget).await.unwrap().to_micros());
    assert_eq!((sum("HarnessCostMicroUsd"), sum("HarnessBudgetRefusals")), (18 + 1104 + 1_000_000, 1));
    // scripts/offline/test_metrics.py holds the alarms and the dashboard of the template against the same file
    let golden: Value = serde_json::from_str(include_str!("../metrics.json")).unwrap();
    let described = [&lines[0], &lines[1]].map(|line| line["_aws"]["CloudWatchMetrics"][0].clone());
    assert_eq!(json!(described), golden);
    assert!(!json!(lines).to_string().contains("s-1"));
}
