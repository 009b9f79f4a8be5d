//! Rules, confirm, once, the deadline and panics.

use std::time::{Duration, Instant, SystemTime};

use lambda_runtime::Context;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use toolgate::{Cx, Router, Service, Tool, ToolError, Wire, testing};
use validator::{Validate, ValidationError};

use super::kit::{body, call, counted, error, event, send};

#[tokio::test]
async fn a_rule_refuses_with_its_public_text() {
    for wire in Wire::ALL {
        let (service, state) = counted();
        let reply = send(&service, &event(wire, "update", json!({"customerId": "CUST-0"}))).await;
        assert_eq!(error(&body(wire, &reply))["kind"], "refused");
        assert_eq!(error(&body(wire, &reply))["message"], "nobody may change `CUST-0`");
        assert!(!reply.to_string().contains("not everybody"), "the rule's name is for the log");
        assert_eq!(state.ran(), 0);
        let reply = send(&service, &event(wire, "update", json!({"customerId": "CUST-1"}))).await;
        assert_eq!(body(wire, &reply), json!({"text": "CUST-1 "}));
    }
}

#[tokio::test]
async fn a_panic_is_a_reply_and_the_next_call_works() {
    let (service, _) = counted();
    for wire in Wire::ALL {
        let reply = send(&service, &event(wire, "act", json!({"what": "panic"}))).await;
        assert_eq!(error(&body(wire, &reply))["kind"], "internal");
        let reply = send(&service, &event(wire, "act", json!({"what": "hello"}))).await;
        assert_eq!(body(wire, &reply), json!({"text": "hello"}));
    }
}

/// A context whose time ends in `left`.
fn ending_in(left: Duration, client_context: Option<&Value>) -> Context {
    let mut context = testing::context(client_context);
    let at = (SystemTime::now() + left).duration_since(SystemTime::UNIX_EPOCH).unwrap();
    context.deadline = u64::try_from(at.as_millis()).unwrap();
    context
}

#[tokio::test]
async fn a_slow_tool_is_answered_before_the_deadline() {
    for wire in Wire::ALL {
        let (service, state) = counted();
        let event = event(wire, "act", json!({"what": "sleep"}));
        let started = Instant::now();
        let context = ending_in(Duration::from_millis(300), event.client_context.as_ref());
        let body = body(wire, &service.handle(event.event, &context).await.unwrap());
        assert!(started.elapsed() < Duration::from_millis(300), "{:?}", started.elapsed());
        assert_eq!((&error(&body)["kind"], &error(&body)["message"]), (&json!("timed out"), &json!("timed out")));
        assert_eq!(state.ran(), 1);
    }
}

#[tokio::test]
async fn a_slow_once_tool_says_that_it_may_have_happened() {
    let (service, _) = counted();
    let event = event(Wire::Function, "act_once", json!({"what": "sleep"}));
    let context = ending_in(Duration::from_millis(300), None);
    let body = body(Wire::Function, &service.handle(event.event, &context).await.unwrap());
    let text = "timed out; it may have happened; repeat the same call to find out, it will not happen twice";
    assert_eq!(error(&body)["message"], text);
}

#[tokio::test]
async fn a_tool_is_not_begun_without_time_for_it() {
    for (tool, left) in [("act", 40), ("act_once", 40)] {
        let (service, state) = counted();
        let event = event(Wire::Api, tool, json!({"what": "hello"}));
        let context = ending_in(Duration::from_millis(left), None);
        let body = body(Wire::Api, &service.handle(event.event, &context).await.unwrap());
        assert_eq!(error(&body)["message"], "timed out");
        assert_eq!(state.ran(), 0);
    }
}

#[tokio::test]
async fn a_deadline_that_had_passed_before_says_nothing() {
    for deadline in [1, 1_700_000_000_000] {
        let mut context = testing::context(None);
        context.deadline = deadline;
        let event = event(Wire::Direct, "act", json!({"what": "hello"}));
        let reply = counted().0.handle(event.event, &context).await.unwrap();
        assert_eq!(body(Wire::Direct, &reply), json!({"text": "hello"}));
    }
}

#[tokio::test]
async fn a_quick_tool_is_not_touched_by_the_deadline() {
    let (service, _) = counted();
    let event = event(Wire::Direct, "act", json!({"what": "hello"}));
    let reply = service.handle(event.event, &ending_in(Duration::from_secs(3), None)).await.unwrap();
    assert_eq!(body(Wire::Direct, &reply), json!({"text": "hello"}));
}

#[tokio::test]
async fn confirm_passes_where_the_platform_asks_and_is_refused_elsewhere() {
    for wire in Wire::ALL {
        let (service, state) = counted();
        let body = body(wire, &send(&service, &event(wire, "act_confirmed", json!({"what": "hello"}))).await);
        if matches!(wire, Wire::Function | Wire::Api) {
            assert_eq!(body, json!({"text": "hello"}));
            assert_eq!(state.ran(), 1);
        } else {
            assert_eq!(error(&body)["kind"], "refused");
            assert!(error(&body)["message"].as_str().unwrap().starts_with("a person must confirm this call first"));
            assert_eq!(state.ran(), 0);
        }
    }
}

#[tokio::test]
async fn once_needs_something_to_tell_a_repeat_by() {
    for wire in [Wire::Direct, Wire::Gateway] {
        let (service, state) = counted();
        let body = body(wire, &send(&service, &event(wire, "act_once", json!({"what": "hello"}))).await);
        assert_eq!(error(&body)["kind"], "refused");
        assert!(error(&body)["message"].as_str().unwrap().contains("without a session or an identity"), "{body}");
        assert_eq!(state.ran(), 0);
    }
    for wire in [Wire::Function, Wire::Api] {
        assert_eq!(call(wire, "act_once", json!({"what": "hello"})).await, json!({"text": "hello"}));
    }
}

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

/// Be wrong in a way that no schema can say.
#[derive(Deserialize, JsonSchema, Validate)]
#[validate(schema(function = "in_order"))]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its reading matters")]
struct Odd {
    #[validate(custom(function = "not_unlucky"))]
    first_day: Option<i64>,
    #[validate(custom(function = "polite"))]
    word: Option<String>,
    small: Option<i32>,
    fragile: Option<Fragile>,
    card: Option<Card>,
    last_day: Option<i64>,
}

fn not_unlucky(day: i64) -> Result<(), ValidationError> {
    if day == 13 { Err(ValidationError::new("unlucky_day")) } else { Ok(()) }
}

fn polite(word: &str) -> Result<(), ValidationError> {
    match word {
        "damn" => Err(ValidationError::new("polite").with_message("a polite word".into())),
        "panic" => panic!("SECRET"),
        _ => Ok(()),
    }
}

fn in_order(odd: &Odd) -> Result<(), ValidationError> {
    match (odd.first_day, odd.last_day) {
        (Some(first), Some(last)) if last < first => {
            Err(ValidationError::new("order").with_message("`lastDay` after `firstDay`".into()))
        }
        _ => Ok(()),
    }
}

#[derive(JsonSchema)]
#[schemars(transparent)]
struct Fragile(#[expect(dead_code, reason = "only its reading matters")] String);

impl<'de> Deserialize<'de> for Fragile {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "panic" => panic!("SECRET"),
            text => Err(serde::de::Error::custom(format!("`{text}` is broken"))),
        }
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(try_from = "RawCard")]
struct Card {
    #[expect(dead_code, reason = "only its reading matters")]
    number: String,
}

#[derive(Deserialize, JsonSchema)]
struct RawCard {
    number: String,
}

impl TryFrom<RawCard> for Card {
    type Error = String;
    fn try_from(raw: RawCard) -> Result<Self, String> {
        Err(format!("{} is no card of ours", raw.number.replace(' ', "")))
    }
}

async fn odd(_: Odd) -> Result<Key, ToolError> {
    Ok(Key { id: String::new(), hash: String::new() })
}

async fn odd_problem(arguments: Value) -> Vec<Value> {
    let router = Router::<()>::builder().group("g").tool(Tool::new("odd", odd).expose(["id"])).build().unwrap();
    let event = json!({"toolName": "odd", "toolInput": arguments});
    let reply = router.with_state(()).handle(event, &testing::context(None)).await.unwrap();
    assert!(!reply.to_string().contains("SECRET"));
    let body = body(Wire::Direct, &reply);
    match error(&body)["kind"].as_str().unwrap() {
        "invalid" => body["error"]["problems"].as_array().unwrap().clone(),
        other => vec![other.into()],
    }
}

#[tokio::test]
async fn what_only_the_type_knows_is_told_with_path_and_reason() {
    let one = |path: &str, expected: &str, got: &str| vec![json!({"path": path, "expected": expected, "got": got})];
    assert_eq!(odd_problem(json!({"firstDay": 13})).await, one("firstDay", "a value that passes `unlucky_day`", "13"));
    assert_eq!(odd_problem(json!({"word": "damn"})).await, one("word", "a polite word", "`damn`"));
    assert_eq!(
        odd_problem(json!({"firstDay": 2, "lastDay": 1})).await,
        one("", "`lastDay` after `firstDay`", "an object")
    );
    assert_eq!(odd_problem(json!({"fragile": "vase"})).await, one("fragile", "`vase` is broken", "`vase`"));
    assert_eq!(
        odd_problem(json!({"small": 3_000_000_000_i64})).await,
        one("small", "an integer that fits 32 bits", "3000000000")
    );
}

#[tokio::test]
async fn a_type_that_quotes_a_card_number_is_not_quoted() {
    let problems = odd_problem(json!({"card": {"number": "4111 1111 1111 1111"}})).await;
    assert!(!format!("{problems:?}").contains("4111"), "{problems:?}");
    let problems = odd_problem(json!({"fragile": "4111111111111111"})).await;
    assert!(!format!("{problems:?}").contains("4111"), "{problems:?}");
    let problems = odd_problem(json!({"card": {"number": "77"}})).await;
    assert_eq!(problems[0]["expected"], "77 is no card of ours");
}

#[tokio::test]
async fn a_panic_while_reading_is_caught_too() {
    assert_eq!(odd_problem(json!({"fragile": "panic"})).await, ["internal"]);
    assert_eq!(odd_problem(json!({"word": "panic"})).await, ["internal"]);
    let router = Router::<()>::builder()
        .group("g")
        .tool(Tool::new("odd", odd).require("never", |_, _: &Odd| panic!("SECRET")).expose(["id"]))
        .build()
        .unwrap();
    let event = json!({"toolName": "odd", "toolInput": {}});
    let reply = router.with_state(()).handle(event, &testing::context(None)).await.unwrap();
    assert_eq!(reply["statusCode"], 500);
}
