//! Rules, confirm, the deadline and panics.

use std::time::{Duration, Instant, SystemTime};

use lambda_runtime::Context;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use toolgate::{Router, Tool, ToolError, Wire, testing};
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

/// A context with a deadline in `left`.
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
async fn once_needs_a_session_or_an_identity() {
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

#[derive(Serialize, JsonSchema)]
struct Read {
    ok: bool,
}

async fn odd(_: Odd) -> Result<Read, ToolError> {
    Ok(Read { ok: true })
}

async fn odd_problem(arguments: Value) -> Vec<Value> {
    let router = Router::<()>::builder().group("g").tool(Tool::new("odd", odd).expose(["ok"])).build().unwrap();
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
async fn an_error_of_the_type_is_reported_with_path_and_reason() {
    let one = |path: &str, expected: &str, got: &str| vec![json!({"path": path, "expected": expected, "got": got})];
    assert_eq!(odd_problem(json!({"firstDay": 13})).await, one("firstDay", "a value that passes `unlucky_day`", "13"));
    assert_eq!(odd_problem(json!({"word": "damn"})).await, one("word", "a polite word", "`damn`"));
    assert_eq!(
        odd_problem(json!({"firstDay": 2, "lastDay": 1})).await,
        one("", "`lastDay` after `firstDay`", "an object")
    );
    // a custom `Deserialize` may write anything into its error, so the schema describes the expected value
    assert_eq!(odd_problem(json!({"fragile": "vase"})).await, one("fragile", "text", "`vase`"));
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
    assert_eq!((&problems[0]["expected"], &problems[0]["got"]), (&json!("an object"), &json!("an object")));
}

#[tokio::test]
async fn a_panic_while_reading_is_caught_too() {
    assert_eq!(odd_problem(json!({"fragile": "panic"})).await, ["internal"]);
    assert_eq!(odd_problem(json!({"word": "panic"})).await, ["internal"]);
    let router = Router::<()>::builder()
        .group("g")
        .tool(Tool::new("odd", odd).require("never", |_, _: &Odd| panic!("SECRET")).expose(["ok"]))
        .build()
        .unwrap();
    let event = json!({"toolName": "odd", "toolInput": {}});
    let reply = router.with_state(()).handle(event, &testing::context(None)).await.unwrap();
    assert_eq!(reply["statusCode"], 500);
}
