//! Inputs reach the tool, and outputs reach the caller, as the same value on every wire.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    sync::{Arc, LazyLock, Mutex},
};

use proptest::{collection, option, prelude::*};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use toolgate::{Cx, Router, Service, Tool, ToolError, Wire, testing};
use validator::Validate;

use super::{
    kit::{self, Event, body, event},
    properties::run,
};

/// Send a parcel.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Parcel {
    name: String,
    unsigned: u64,
    signed: Option<i64>,
    byte: Option<i8>,
    double: Option<f64>,
    single: Option<f32>,
    yes: Option<bool>,
    names: Option<Vec<String>>,
    grid: Option<Vec<Vec<i64>>>,
    items: Option<Vec<Item>>,
    labels: Option<BTreeMap<String, String>>,
    speed: Option<Speed>,
    payer: Option<Payer>,
    either: Option<Either>,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Item {
    name: String,
    size: Option<Size>,
    labels: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Size {
    height: f64,
    width: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Speed {
    VeryFast,
    Slow,
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
enum Payer {
    Person { name: String },
    Company { id: u64, vat: Option<String> },
}

#[derive(Debug, Clone, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
enum Either {
    Number(i64),
    Flags(Vec<bool>),
    Size(Size),
}

/// Arguments and outputs with an open schema.
#[derive(Deserialize, Serialize, Clone, Validate)]
#[serde(transparent)]
struct Open {
    members: Map<String, Value>,
}

impl JsonSchema for Open {
    fn schema_name() -> Cow<'static, str> {
        "Open".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({"type": "object", "properties": {"value": {}, "what": {}}})
    }
}

type Arrived = Arc<Mutex<Vec<Parcel>>>;

async fn send(cx: Cx<Arrived>, parcel: Parcel) -> Result<Parcel, ToolError> {
    cx.state().lock().unwrap().push(parcel.clone());
    Ok(parcel)
}

async fn say(input: Open) -> Result<Open, ToolError> {
    Ok(input)
}

static SERVICE: LazyLock<(Service<Arrived>, Arrived)> = LazyLock::new(|| {
    let arrived = Arrived::default();
    let router = Router::builder()
        .group("kit")
        .tool(Tool::new("send", send).expose_all())
        .tool(Tool::new("say", say).describe("Say it again.").expose_all());
    (router.build().unwrap().with_state(arrived.clone()).wires(Wire::ALL), arrived)
});

fn reply(event: &Event) -> Value {
    run(SERVICE.0.handle(event.event.clone(), &testing::context(event.client_context.as_ref()))).unwrap()
}

/// Serialises the tests that record the tool's input.
static ALONE: Mutex<()> = Mutex::new(());

/// Text that is not an absent value, with visible characters only.
fn text() -> impl Strategy<Value = String> {
    "[ -~éß漢🚀\n\t]{1,30}".prop_filter("spells nothing", |text| text != "null")
}

fn item() -> impl Strategy<Value = Item> {
    (text(), option::of(size()), collection::vec(".{0,9}", 0..3)).prop_map(|(name, size, labels)| Item {
        name,
        size,
        labels: labels.into_iter().map(|label| label.chars().filter(|c| c.is_ascii_graphic()).collect()).collect(),
    })
}

fn size() -> impl Strategy<Value = Size> {
    (float(), any::<u8>()).prop_map(|(height, width)| Size { height, width })
}

fn float() -> impl Strategy<Value = f64> {
    prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO
}

fn parcel() -> impl Strategy<Value = Parcel> {
    let payer = prop_oneof![
        text().prop_map(|name| Payer::Person { name }),
        (any::<u64>(), option::of(text())).prop_map(|(id, vat)| Payer::Company { id, vat }),
    ];
    let either = prop_oneof![
        any::<i64>().prop_map(Either::Number),
        collection::vec(any::<bool>(), 0..4).prop_map(Either::Flags),
        size().prop_map(Either::Size),
    ];
    let numbers = (
        any::<u64>(),
        option::of(any::<i64>()),
        option::of(any::<i8>()),
        option::of(float()),
        option::of(prop::num::f32::NORMAL | prop::num::f32::ZERO),
        option::of(any::<bool>()),
    );
    let rest = (
        option::of(collection::vec(text(), 0..4)),
        option::of(collection::vec(collection::vec(any::<i64>(), 0..3), 0..3)),
        option::of(collection::vec(item(), 0..3)),
        option::of(collection::btree_map(text(), text(), 0..3)),
        option::of(prop_oneof![Just(Speed::VeryFast), Just(Speed::Slow)]),
        option::of(payer),
        option::of(either),
    );
    (text(), numbers, rest).prop_map(|(name, numbers, rest)| {
        let (unsigned, signed, byte, double, single, yes) = numbers;
        let (names, grid, items, labels, speed, payer, either) = rest;
        Parcel { name, unsigned, signed, byte, double, single, yes, names, grid, items, labels, speed, payer, either }
    })
}

/// Any JSON without characters that the sanitiser removes.
fn open() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        float().prop_map(Value::from),
        "[ -~éß漢🚀\n\t\"\\\\]{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 40, 5, |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            collection::btree_map("[ -~é]{0,6}", inner, 0..5).prop_map(|map| json!(map)),
        ]
    })
}

/// The same call with every value unchanged, where Bedrock would have sent text.
fn untouched(mut event: Event, arguments: &Value) -> Event {
    let list = match event.wire {
        Wire::Function => "/parameters",
        Wire::Api => "/requestBody/content/application~1json/properties",
        _ => return event,
    };
    let list = event.event.pointer_mut(list).and_then(Value::as_array_mut).unwrap();
    for parameter in list {
        parameter["value"] = arguments[parameter["name"].as_str().unwrap()].clone();
    }
    event
}

/// The same call with every value as text, where a wire would have sent it unchanged. An absent value stays absent: as
/// text it would be the word `null` on a wire that carries JSON.
fn as_text(arguments: &Value) -> Value {
    let text = |value: &Value| match value {
        Value::Null => Value::Null,
        value => value.as_str().map_or_else(|| value.to_string(), str::to_owned).into(),
    };
    arguments.as_object().unwrap().iter().map(|(name, value)| (name.clone(), text(value))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn a_value_arrives_and_comes_back_equal_on_every_wire(parcel in parcel()) {
        let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let arguments = serde_json::to_value(&parcel).unwrap();
        for wire in Wire::ALL {
            let ways = [
                event(wire, "send", arguments.clone()),
                event(wire, "send", as_text(&arguments)),
                untouched(event(wire, "send", arguments.clone()), &arguments),
            ];
            for event in ways {
                let body = body(wire, &reply(&event));
                let arrived = std::mem::take(&mut *SERVICE.1.lock().unwrap());
                prop_assert_eq!(&arrived, std::slice::from_ref(&parcel), "{}: {}", wire, body);
                prop_assert_eq!(&serde_json::from_value::<Parcel>(body).unwrap(), &parcel, "{}", wire);
            }
        }
    }

    #[test]
    fn any_output_is_read_back_equal_on_every_wire(value in open()) {
        // inside of a list, because an absent argument is left out
        let output = json!({"value": [value]});
        for wire in Wire::ALL {
            let event = untouched(event(wire, "say", output.clone()), &output);
            let body = body(wire, &reply(&event));
            prop_assert_eq!(&body, &output, "{}", wire);
        }
    }

    #[test]
    fn attributes_come_back_as_they_went_whatever_became_of_the_call(
        session in collection::btree_map(".{0,9}", ".{0,20}", 0..5),
        prompt in collection::btree_map(".{0,9}", ".{0,20}", 0..5),
        tool in prop::sample::select(vec!["say", "send", "none"]),
    ) {
        for wire in [Wire::Function, Wire::Api] {
            let mut event = kit::event(wire, tool, json!({"what": "x"}));
            event.event["sessionAttributes"] = json!(session);
            event.event["promptSessionAttributes"] = json!(prompt);
            let reply = reply(&event);
            prop_assert_eq!(&reply["sessionAttributes"], &json!(session));
            prop_assert_eq!(&reply["promptSessionAttributes"], &json!(prompt));
        }
    }
}
