//! Which calls are one effect: the key of a `.once()` tool, its scope, and the answer to a repeat.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use toolgate::{Cx, Router, Service, Tool, ToolError, Wire, testing};
use validator::Validate;

use super::kit::{body, error, event};

/// Pay something back.
#[derive(Deserialize, Serialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase")]
struct Refund {
    order_id: String,
    amount: f64,
    /// As it was written.
    exact: Option<Amount>,
    version: Option<String>,
    reason: Option<String>,
}

/// A number, or text that holds one.
#[derive(Deserialize, Serialize)]
#[serde(transparent)]
struct Amount(Value);

impl JsonSchema for Amount {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Amount".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": ["number", "string"]})
    }
}

#[derive(Serialize, JsonSchema)]
struct Key {
    id: String,
    hash: String,
}

async fn refund(cx: Cx<()>, _input: Refund) -> Result<Key, ToolError> {
    let key = cx.once_key().ok_or_else(|| ToolError::internal("no key"))?;
    key.mark_committed();
    Ok(Key { id: key.id().to_owned(), hash: key.input_hash().to_owned() })
}

async fn replayed(_input: Refund) -> Result<Key, ToolError> {
    Err(ToolError::replay(json!({"id": "first", "hash": "SECRET"})))
}

fn refunds() -> Service<()> {
    Router::builder()
        .group("billing")
        .identity(["customerId"])
        .identity_header("x-customer", "customerId")
        .tool(Tool::new("refund", refund).once().key(["orderId", "amount", "exact", "version"]).expose(["id", "hash"]))
        .tool(Tool::new("all", refund).once().expose(["id", "hash"]))
        .tool(Tool::new("own", refund).once_by(|input, _| input.order_id.clone()).expose(["id", "hash"]))
        .tool(Tool::new("replayed", replayed).once().expose(["id"]))
        .tool(Tool::new("not_once", replayed).expose(["id"]))
        .build()
        .unwrap()
        .with_state(())
}

async fn key_in(session: &str, tool: &str, arguments: Value) -> (String, String) {
    let mut event = event(Wire::Function, tool, arguments);
    event.event["sessionId"] = session.into();
    let reply = refunds().handle(event.event, &testing::context(None)).await.unwrap();
    let body = body(Wire::Function, &reply);
    let text = |name: &str| body[name].as_str().unwrap_or_else(|| panic!("{body}")).to_owned();
    (text("id"), text("hash"))
}

async fn key(tool: &str, arguments: Value) -> String {
    key_in("s-1", tool, arguments).await.0
}

#[tokio::test]
async fn one_amount_in_any_spelling_is_one_effect() {
    let amount = async |amount: Value| key("refund", json!({"orderId": "O", "amount": amount})).await;
    let first = amount(json!(129.95)).await;
    assert!(first.starts_with("refund#") && first.len() == "refund#".len() + 64, "{first}");
    for same in [json!("129.95"), json!("129.950"), json!(" +129.95 "), json!("1.2995e2")] {
        assert_eq!(amount(same.clone()).await, first, "{same}");
    }
    assert_eq!(amount(json!(5)).await, amount(json!("5.00")).await);
    assert_eq!(amount(json!(-5)).await, amount(json!("-5.0")).await);
    assert_eq!(amount(json!("1e16")).await, amount(json!(10_000_000_000_000_000_u64)).await);
    assert_ne!(amount(json!(129.96)).await, first);

    let exact = async |exact: Value| key("refund", json!({"orderId": "O", "amount": 1, "exact": exact})).await;
    for same in ["129.95", "129.950", "+129.95", "0129.95"] {
        assert_eq!(exact(json!(same)).await, exact(json!("129.95")).await, "{same}");
    }
    assert_eq!(exact(json!(".50")).await, exact(json!("0.5")).await);
    assert_ne!(exact(json!("-129.95")).await, exact(json!("129.95")).await);
}

#[tokio::test]
async fn a_number_in_a_text_field_is_text() {
    let version = async |version: &str| key("refund", json!({"orderId": "O", "amount": 1, "version": version})).await;
    assert_ne!(version("1.1").await, version("1.10").await);
}

#[tokio::test]
async fn only_key_fields_tell_effects_apart() {
    let first = key_in("s-1", "refund", json!({"orderId": "O", "amount": 1, "reason": "broken"})).await;
    let again = key_in("s-1", "refund", json!({"orderId": "O", "amount": 1, "reason": "it is broken"})).await;
    assert_eq!(first.0, again.0);
    assert_eq!(first.1, again.1, "a rephrased reason is a repeat");
    assert_ne!(key("refund", json!({"orderId": "P", "amount": 1})).await, first.0);
    assert_ne!(
        key("all", json!({"orderId": "O", "amount": 1, "reason": "a"})).await,
        key("all", json!({"orderId": "O", "amount": 1, "reason": "b"})).await
    );
}

#[tokio::test]
async fn effects_belong_to_their_session_and_to_their_tool() {
    let arguments = json!({"orderId": "O", "amount": 1});
    let (one, other) = (key_in("s-1", "all", arguments.clone()).await, key_in("s-2", "all", arguments.clone()).await);
    assert_ne!(one.0, other.0);
    assert_eq!(one.1, other.1);
    assert_ne!(key("refund", arguments.clone()).await, key("all", arguments.clone()).await);
    let own = key_in("s-1", "own", arguments.clone()).await;
    assert_eq!(own, key_in("s-2", "own", arguments).await, "a key of one's own holds for all sessions");
    let other = key_in("s-1", "own", json!({"orderId": "O", "amount": 2})).await;
    assert_eq!(own.0, other.0);
    assert_ne!(own.1, other.1, "another input under one's own key is no repeat");
}

#[tokio::test]
async fn another_customer_under_the_same_session_id_makes_no_repeat() {
    let by = async |customer: &str| {
        let mut event = event(Wire::Function, "all", json!({"orderId": "O", "amount": 1}));
        event.event["sessionAttributes"] = json!({"customerId": customer});
        body(Wire::Function, &refunds().handle(event.event, &testing::context(None)).await.unwrap())
    };
    let first = by("CUST-1").await;
    assert_eq!(by("CUST-1").await, first);
    assert_ne!(by("CUST-2").await["id"], first["id"]);
}

#[tokio::test]
async fn without_a_session_the_identity_is_the_scope() {
    let by = async |customer: &str, tool: &str| {
        let context = json!({"custom": {
            "bedrockAgentCoreToolName": format!("billing___{tool}"),
            "bedrockAgentCorePropagatedHeaders": {"X-Customer": customer},
        }});
        let event = json!({"orderId": "O", "amount": 1});
        refunds().handle(event, &testing::context(Some(&context))).await.unwrap()
    };
    let first = by("CUST-1", "all").await;
    assert!(first["id"].is_string(), "{first}");
    assert_eq!(by("CUST-1", "all").await, first);
    assert_ne!(by("CUST-2", "all").await["id"], first["id"]);
    let direct = json!({"toolName": "own", "toolInput": {"orderId": "O", "amount": 1}});
    let own = refunds().handle(direct, &testing::context(None)).await.unwrap();
    assert_eq!(own["statusCode"], 200, "a key of one's own needs no session: {own}");
}

#[tokio::test]
async fn a_repeat_is_answered_with_the_first_reply() {
    let event = |tool: &str| event(Wire::Function, tool, json!({"orderId": "O", "amount": 1}));
    let reply = refunds().handle(event("replayed").event, &testing::context(None)).await.unwrap();
    assert_eq!(body(Wire::Function, &reply), json!({"id": "first"}));
    assert!(reply["response"]["functionResponse"].get("responseState").is_none());
    let reply = refunds().handle(event("not_once").event, &testing::context(None)).await.unwrap();
    assert_eq!(error(&body(Wire::Function, &reply))["kind"], "internal");
}
