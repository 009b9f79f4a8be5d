//! Rules with "always" or "never", tested with random input.

use std::sync::LazyLock;

use proptest::{collection, option, prelude::*};
use serde_json::{Value, json};
use toolgate::{Service, Wire};

use super::kit::{State, body, event, send, service};

/// Runs a future that waits for timers only.
pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(future)
}

/// One service for all cases, because it has no state.
static SERVICE: LazyLock<Service<State>> = LazyLock::new(service);

fn wire() -> impl Strategy<Value = Wire> {
    prop::sample::select(&Wire::ALL[..])
}

/// JSON of any form, with names from the schema and others.
pub(crate) fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![Just(json!("leaf")), Just(json!(7)), Just(json!(true)), Just(json!(null))];
    leaf.prop_recursive(5, 40, 4, |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            collection::btree_map("[a-e]", inner, 0..5).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

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

/// Text that conversion leaves unchanged: no invisible characters, and not a spelling of an absent value.
fn text() -> impl Strategy<Value = String> {
    "[ -~éß漢🚀]{1,40}".prop_filter("spells nothing", |text| text != "null")
}

fn word() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9]{1,9}".prop_filter("spells nothing", |text| text != "null")
}

/// A valid order, as JSON. Optional members may be missing.
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
