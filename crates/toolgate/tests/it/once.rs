//! Which calls are one effect: the key of a once tool, its scope, and the reply to a repeat.

use jiff::civil::Date;
use proptest::prelude::*;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use toolgate::{Committed, Cx, Key, Once, Replay, Router, Service, Tool, ToolError, Wire, key, testing};
use validator::Validate;

use super::{
    kit::{body, error, event},
    properties::run,
};

/// Pay something back.
#[derive(Deserialize, Serialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
struct Refund {
    order_id: String,
    #[schemars(extend("type" = ["number", "string"]))]
    #[schemars(with = "Value")]
    amount: Decimal,
    #[schemars(with = "Option<String>")]
    due: Option<Date>,
    #[serde(default)]
    priority: Priority,
    version: Option<String>,
    reason: Option<String>,
}

#[derive(Deserialize, Serialize, JsonSchema, Default, Clone, Copy)]
#[serde(rename_all = "lowercase")]
enum Priority {
    #[default]
    Normal,
    High,
}

#[derive(Serialize, JsonSchema)]
struct Paid {
    id: String,
}

async fn refund(cx: Cx<()>, _input: Refund) -> Result<Committed<Paid>, ToolError> {
    let key = cx.once_key().ok_or_else(|| ToolError::internal("no key"))?;
    Ok(key.committed(Paid { id: key.id().to_owned() }))
}

async fn replayed(cx: Cx<()>, input: Refund) -> Result<Committed<Paid>, ToolError> {
    let replay = Replay::of(json!({"id": "first", "hash": "SECRET"})).first_at("2026-11-29T12:00:00Z");
    let here = cx.once_key().and_then(|key| key.session()).map(str::to_owned);
    let session = if input.reason.as_deref() == Some("elsewhere") { Some("another".to_owned()) } else { here };
    Err(ToolError::replay(replay.in_session(session)))
}

async fn not_once(_input: Refund) -> Result<Paid, ToolError> {
    Err(ToolError::replay(Replay::of(json!({"id": "first"}))))
}

fn effect(refund: &Refund) -> Key {
    key((&refund.order_id, refund.amount, refund.due, refund.priority, &refund.version))
}

fn refunds() -> Service<()> {
    Router::builder()
        .group("billing")
        .identity(["customerId"])
        .identity_header("x-customer", "customerId")
        .tool(Tool::new("refund", refund).once(Once::by(effect)).expose(["id"]))
        .tool(Tool::new("all", refund).once(Once::input()).expose(["id"]))
        .tool(Tool::new("replayed", replayed).once(Once::by(effect)).expose(["id"]))
        .tool(Tool::new("not_once", not_once).expose(["id"]))
        .build()
        .unwrap()
        .with_state(())
}

async fn reply_in(session: &str, tool: &str, arguments: Value) -> Value {
    testing::call(&refunds(), tool, arguments).session(session).await.body().clone()
}

async fn key_in(session: &str, tool: &str, arguments: Value) -> String {
    let body = reply_in(session, tool, arguments).await;
    body["id"].as_str().unwrap_or_else(|| panic!("{body}")).to_owned()
}

async fn key_of(tool: &str, arguments: Value) -> String {
    key_in("s-1", tool, arguments).await
}

#[tokio::test]
async fn one_amount_in_any_spelling_is_one_effect() {
    for tool in ["refund", "all"] {
        let amount = async |amount: Value| key_of(tool, json!({"orderId": "O", "amount": amount})).await;
        let first = amount(json!(10)).await;
        assert!(first.starts_with(&format!("{tool}#")) && first.len() == tool.len() + 65, "{first}");
        for same in [json!("10"), json!("10.00"), json!(10.0), json!("1e1"), json!("10e0"), json!(1e1), json!("+10")] {
            assert_eq!(amount(same.clone()).await, first, "{tool} {same}");
        }
        assert_ne!(amount(json!("10.01")).await, first);
    }
}

#[tokio::test]
async fn what_is_absent_null_or_the_default_is_one_effect() {
    for tool in ["refund", "all"] {
        let first = key_of(tool, json!({"orderId": "O", "amount": 1})).await;
        for same in [
            json!({"amount": 1, "orderId": "O", "due": null}),
            json!({"orderId": "O", "amount": "1.0", "priority": "normal", "version": null}),
        ] {
            assert_eq!(key_of(tool, same.clone()).await, first, "{tool} {same}");
        }
        assert_ne!(key_of(tool, json!({"orderId": "O", "amount": 1, "priority": "high"})).await, first);
    }
}

#[tokio::test]
async fn a_number_in_a_text_field_is_text() {
    let version =
        async |version: &str| key_of("refund", json!({"orderId": "O", "amount": 1, "version": version})).await;
    assert_ne!(version("1.1").await, version("1.10").await);
    assert_ne!(version("007").await, version("7").await);
}

#[tokio::test]
async fn only_what_the_key_names_makes_another_effect() {
    let with = |reason: &str| json!({"orderId": "O", "amount": 1, "reason": reason});
    assert_eq!(key_of("refund", with("broken")).await, key_of("refund", with("it is broken")).await);
    assert_ne!(key_of("all", with("a")).await, key_of("all", with("b")).await);
    assert_ne!(key_of("refund", json!({"orderId": "P", "amount": 1})).await, key_of("refund", with("a")).await);
}

#[tokio::test]
async fn an_effect_of_nobody_in_particular_belongs_to_its_session_and_its_tool() {
    let arguments = json!({"orderId": "O", "amount": 1});
    assert_ne!(key_in("s-1", "all", arguments.clone()).await, key_in("s-2", "all", arguments.clone()).await);
    assert_ne!(key_of("refund", arguments.clone()).await, key_of("all", arguments.clone()).await);
    for wire in [Wire::Direct, Wire::Gateway] {
        let reply = testing::call(&refunds(), "all", arguments.clone()).on(wire).await;
        reply.assert_error("refused");
    }
}

#[tokio::test]
async fn the_identity_alone_is_the_scope_in_any_session_and_on_any_wire() {
    let service = refunds();
    let by = async |wire: Wire, session: &str, customer: &str| {
        let call = testing::call(&service, "all", json!({"orderId": "O", "amount": 1})).on(wire);
        call.session(session).identity("customerId", customer).await["id"].as_str().unwrap().to_owned()
    };
    let first = by(Wire::Function, "s-1", "CUST-1").await;
    assert_eq!(by(Wire::Function, "s-2", "CUST-1").await, first);
    assert_eq!(by(Wire::Api, "s-3", "CUST-1").await, first);
    assert_eq!(by(Wire::Gateway, "", "CUST-1").await, first);
    assert_ne!(by(Wire::Function, "s-1", "CUST-2").await, first);
}

#[tokio::test]
async fn an_identity_that_says_nothing_is_refused() {
    let service = refunds();
    for empty in ["", " ", "\u{200b}", "\u{2800}\t"] {
        let call = testing::call(&service, "all", json!({"orderId": "O", "amount": 1}));
        call.session("s-1").identity("customerId", empty).await.assert_error("refused");
    }
}

#[tokio::test]
async fn a_repeat_is_answered_with_the_first_reply() {
    let arguments = json!({"orderId": "O", "amount": 1});
    let event = |tool: &str| event(Wire::Function, tool, arguments.clone());
    let reply = refunds().handle(event("replayed").event, &testing::context(None)).await.unwrap();
    assert_eq!(body(Wire::Function, &reply), json!({"id": "first"}));
    assert!(reply["response"]["functionResponse"].get("responseState").is_none());
    let reply = refunds().handle(event("not_once").event, &testing::context(None)).await.unwrap();
    assert_eq!(error(&body(Wire::Function, &reply))["kind"], "internal");
}

#[tokio::test]
async fn a_repeat_in_another_session_says_so() {
    let arguments = json!({"orderId": "O", "amount": 1, "reason": "elsewhere"});
    let body = reply_in("s-1", "replayed", arguments).await;
    assert_eq!(body, json!({"id": "first", "repeated": {"firstAt": "2026-11-29T12:00:00Z"}}));
}

/// Stored keys outlive a deployment. Neither the standard library nor a new version of this crate may change them.
#[tokio::test]
async fn stored_keys_are_pinned() {
    let arguments = json!({"orderId": "ORD-123", "amount": "129.950", "due": "2026-11-29", "priority": "high"});
    assert_eq!(
        key_of("refund", arguments.clone()).await,
        "refund#b0c48104060d548abe7bd0dfa144c72f33bb6d9ef5ac637feffe7da74aaf96da"
    );
    let service = refunds();
    let bound = testing::call(&service, "refund", arguments).session("s-1").identity("customerId", "CUST-12345").await;
    assert_eq!(bound["id"], "refund#e6d48e997e946af26869d1d122b1026644072fe3eb52bc76893f8647d25a94b3");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_spelling_of_every_amount_is_one_effect(cents in 1_u32..100_000_000, zeros in 0_usize..5, wire in 0_usize..2) {
        let service = refunds();
        let wire = [Wire::Function, Wire::Api][wire];
        let id = |amount: Value| {
            let call = testing::call(&service, "refund", json!({"orderId": "O", "amount": amount})).on(wire);
            run(async { call.session("s-1").await["id"].as_str().map(str::to_owned) })
        };
        let text = format!("{}.{:02}", cents / 100, cents % 100);
        let first = id(json!(text));
        prop_assert!(first.is_some());
        for same in [
            json!(text.parse::<f64>().unwrap()),
            json!(format!("{text}{}", "0".repeat(zeros))),
            json!(format!("+{text}")),
            json!(format!("{}{text}", "0".repeat(zeros))),
            json!(format!("{cents}e-2")),
        ] {
            prop_assert_eq!(id(same.clone()), first.clone(), "{} {}", wire, same);
        }
    }
}
