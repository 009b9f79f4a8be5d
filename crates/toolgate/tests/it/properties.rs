//! Rules that say "always" or "never", tried on random input.

use std::sync::LazyLock;

use proptest::{collection, option, prelude::*};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use toolgate::{Router, Service, Tool, ToolError, Wire, testing};
use validator::Validate;

use super::kit::{State, body, counted, error, event, send, service};

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

/// One for all cases: they have no state.
static SERVICE: LazyLock<Service<State>> = LazyLock::new(service);

fn wire() -> impl Strategy<Value = Wire> {
    prop::sample::select(&Wire::ALL[..])
}

/// Nothing to say.
#[derive(Deserialize, JsonSchema, Validate)]
struct Nothing {}

#[derive(Serialize)]
#[serde(transparent)]
struct Raw(Value);

impl JsonSchema for Raw {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Raw".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        A::json_schema(generator)
    }
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct A {
    a: String,
    b: Option<B>,
    c: Vec<B>,
    d: Vec<Vec<String>>,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct B {
    a: String,
    b: C,
    c: Vec<C>,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct C {
    a: String,
    d: Vec<String>,
}

const PATHS: [&str; 18] = [
    "a",
    "b",
    "b.a",
    "b.b",
    "b.b.a",
    "b.b.d",
    "b.c[].a",
    "b.c[]",
    "c",
    "c[]",
    "c[].a",
    "c[].b.d[]",
    "c[].c[].d",
    "c[].b",
    "d",
    "d[]",
    "d[][]",
    "b.c",
];

/// JSON of any shape, in the letters of the schema and some others.
fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![Just(json!("leaf")), Just(json!(7)), Just(json!(true)), Just(json!(null))];
    leaf.prop_recursive(5, 40, 4, |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            collection::btree_map("[a-e]", inner, 0..5).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Replaces every leaf by its own path, as `.expose` would spell it.
fn mark(value: &mut Value, path: &str) {
    match value {
        Value::Object(members) => members.iter_mut().for_each(|(name, member)| {
            let dot = if path.is_empty() { "" } else { "." };
            mark(member, &format!("{path}{dot}{name}"));
        }),
        Value::Array(items) => items.iter_mut().for_each(|item| mark(item, &format!("{path}[]"))),
        leaf => *leaf = path.into(),
    }
}

fn leaves<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => members.values().for_each(|member| leaves(member, found)),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, found)),
        Value::String(text) => found.push(text),
        _ => {}
    }
}

/// Whether a leaf's path lies at or under an exposed one.
fn is_under(leaf: &str, exposed: &str) -> bool {
    leaf.strip_prefix(exposed).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_outside_expose_ever_leaves(mut output in tree(), paths in prop::sample::subsequence(&PATHS[..], 1..5)) {
        mark(&mut output, "");
        let raw = output.clone();
        let tool = Tool::new("get", move |_: Nothing| {
            let output = Raw(raw.clone());
            async move { Ok::<_, ToolError>(output) }
        });
        let router = Router::<()>::builder().group("g").tool(tool.expose(paths.clone())).build().unwrap();
        let event = json!({"toolName": "get", "toolInput": {}});
        let reply = run(router.with_state(()).handle(event, &testing::context(None))).unwrap();
        let reply: Value = serde_json::from_str(reply["body"].as_str().unwrap()).unwrap();
        let (mut left, mut all) = (Vec::new(), Vec::new());
        leaves(&reply, &mut left);
        leaves(&output, &mut all);
        let allowed: Vec<&str> =
            all.into_iter().filter(|leaf| paths.iter().any(|path| is_under(leaf, path))).collect();
        prop_assert_eq!(left, allowed, "exposed {:?} of {}", paths, output);
    }

    #[test]
    fn a_refused_field_never_reaches_a_tool(
        wire in wire(),
        separator in "[-_ ./]{0,2}",
        upper in collection::vec(any::<bool>(), 13),
        value in "[ -~]{0,20}",
        others in collection::btree_map("[a-zA-Z]{1,8}", "[ -~]{0,9}", 0..4),
    ) {
        let spelled: String = format!("account{separator}status").chars().zip(upper.iter().cycle())
            .map(|(c, upper)| if *upper { c.to_ascii_uppercase() } else { c }).collect();
        let mut arguments: Map<String, Value> = others.into_iter().map(|(name, value)| (name, value.into())).collect();
        arguments.insert("customerId".into(), "CUST-1".into());
        arguments.insert(spelled, value.into());
        let (service, state) = counted();
        let reply = run(send(&service, &event(wire, "update", arguments.into())));
        let body = body(wire, &reply);
        prop_assert_eq!(&error(&body)["kind"], "refused");
        prop_assert_eq!(state.ran(), 0);
    }

    #[test]
    fn arguments_mean_the_same_on_every_wire(order in order()) {
        for wire in Wire::ALL {
            let mut body = body(wire, &run(send(&SERVICE, &event(wire, "take_order", order.clone()))));
            body.as_object_mut().unwrap().remove("secrets");
            prop_assert_eq!(&body, &order, "{}", wire);
        }
    }

    #[test]
    fn lists_and_objects_in_java_s_text_mean_the_same(lines in collection::vec((word(), 1..=i64::MAX), 1..5)) {
        let java: Vec<String> =
            lines.iter().map(|(name, quantity)| format!("{{itemName={name}, quantity={quantity}}}")).collect();
        let lines: Vec<Value> =
            lines.iter().map(|(name, quantity)| json!({"itemName": name, "quantity": quantity})).collect();
        let arguments = json!({"orderId": "O", "lines": format!("[{}]", java.join(", "))});
        for wire in Wire::ALL {
            let body = body(wire, &run(send(&SERVICE, &event(wire, "take_order", arguments.clone()))));
            prop_assert_eq!(&body["lines"], &Value::from(lines.clone()));
        }
    }

    #[test]
    fn no_text_makes_a_reading_fail_inside(
        wire in wire(),
        field in prop::sample::select(&FIELDS[..]),
        text in prop_oneof![any::<String>(), "[\\[\\]{}=,\"' a1\\\\:.-]{0,60}", "[0-9eE+.-]{1,40}"],
    ) {
        let mut arguments = json!({"orderId": "O"});
        arguments[field] = text.clone().into();
        let body = body(wire, &run(send(&SERVICE, &event(wire, "take_order", arguments))));
        let kind = body["error"]["kind"].as_str();
        prop_assert!(matches!(kind, None | Some("invalid")), "{:?}: {}", text, body);
    }

    #[test]
    fn no_json_makes_a_reading_fail_inside(field in prop::sample::select(&FIELDS[..]), value in tree()) {
        let mut arguments = json!({"orderId": "O"});
        arguments[field] = value;
        let body = body(Wire::Gateway, &run(send(&SERVICE, &event(Wire::Gateway, "take_order", arguments))));
        prop_assert!(matches!(body["error"]["kind"].as_str(), None | Some("invalid")), "{}", body);
    }
}

const FIELDS: [&str; 12] = [
    "orderId", "quantity", "big", "weight", "express", "tags", "counts", "lines", "address", "priority", "email",
    "password",
];

/// Text that stays what it is: no invisible characters, and not one of the spellings of nothing.
fn text() -> impl Strategy<Value = String> {
    "[ -~éß漢🚀]{1,40}".prop_filter("spells nothing", |text| text != "null")
}

fn word() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9]{1,9}".prop_filter("spells nothing", |text| text != "null")
}

/// A right order, as JSON; what is optional may be missing.
fn order() -> impl Strategy<Value = Value> {
    let line = (text(), 1..=i64::MAX).prop_map(|(name, quantity)| json!({"itemName": name, "quantity": quantity}));
    let address = (text(), option::of(text())).prop_map(|(city, street)| json!({"city": city, "street": street}));
    let float = prop::num::f64::NORMAL | prop::num::f64::ZERO;
    (
        text(),
        option::of(1..=5_i64),
        option::of(any::<i64>()),
        option::of(float),
        option::of(any::<bool>()),
        option::of(collection::vec(text(), 0..4)),
        option::of(collection::vec(any::<i64>(), 0..4)),
        option::of(collection::vec(line, 0..3)),
        option::of(address),
        option::of(prop::sample::select(&["low", "high"][..])),
    )
        .prop_map(|(id, quantity, big, weight, express, tags, counts, lines, address, priority)| {
            let mut order = json!({
                "orderId": id, "quantity": quantity, "big": big, "weight": weight, "express": express, "tags": tags,
                "counts": counts, "lines": lines, "address": address, "priority": priority,
            });
            order.as_object_mut().unwrap().retain(|_, value| !value.is_null());
            order
        })
}
