//! Property tests: hostile mode does not change the meaning of a call as `toolgate` reads it.

use std::collections::BTreeMap;

use proptest::prelude::*;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use toolgate::{Router, Service, Tool, ToolError, Wire, testing};
use validator::Validate;

use super::{arguments, declared::Optional, event, seeded_rng::SeededRng};

/// Everything that a tool may take.
#[derive(Deserialize, Serialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Everything {
    /// Text.
    name: String,
    /// A flag.
    urgent: Option<bool>,
    /// A whole number.
    count: Option<i64>,
    /// A number.
    weight: Option<f64>,
    /// Texts.
    tags: Option<Vec<String>>,
    /// Whole numbers.
    sizes: Option<Vec<i64>>,
    /// Objects.
    lines: Option<Vec<Line>>,
    /// An object.
    place: Option<Place>,
}

/// A line.
#[derive(Deserialize, Serialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Line {
    /// What.
    item_name: String,
    /// How many.
    quantity: u32,
    /// As a gift.
    gift: Option<bool>,
}

/// A place.
#[derive(Deserialize, Serialize, JsonSchema, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Place {
    /// Where.
    city: String,
    /// Rooms there.
    rooms: Vec<String>,
}

/// What the tool understood.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Understood {
    input: String,
}

async fn say_again(input: Everything) -> Result<Understood, ToolError> {
    Ok(Understood { input: serde_json::to_string(&input).unwrap() })
}

fn service() -> Service<()> {
    let tool = Tool::new("say_again", say_again).expose(["input"]);
    Router::builder().tool(tool).build().unwrap().with_state(())
}

/// The parameters as the action group declares them.
fn optional(wire: Wire) -> Optional {
    let kinds = [
        ("urgent", "boolean"),
        ("count", "integer"),
        ("weight", "number"),
        ("tags", "array"),
        ("sizes", "array"),
        ("lines", "array"),
        ("place", "object"),
    ];
    let kinds: BTreeMap<String, String> =
        kinds.into_iter().map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect();
    match wire {
        Wire::Api => Optional { parameters: BTreeMap::new(), body: kinds },
        _ => Optional { parameters: kinds, body: BTreeMap::new() },
    }
}

/// Words, including difficult ones.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![4 => "[a-zA-Z][a-zA-Z0-9 .-]{0,10}[a-z]", 1 => "[0-9]{1,4}(\\.[0-9]{1,3})?", 1 => "\\PC{1,12}",
        1 => prop::sample::select(vec!["true", "False", "1e5", "007", "a,b", "{x}", "19\" rack", "k=v", "null"]).prop_map(str::to_owned)]
}

/// A `null` of a model means that the value is not set, so a required text must not be one of these.
fn required() -> impl Strategy<Value = String> {
    word().prop_filter("nothing to say", |word| word != "null")
}

fn line() -> impl Strategy<Value = Value> {
    (required(), 0_u32..1000, prop::option::of(any::<bool>())).prop_map(|(item, quantity, gift)| {
        let mut line = json!({"itemName": item, "quantity": quantity});
        if let Some(gift) = gift {
            line["gift"] = json!(gift);
        }
        line
    })
}

fn input() -> impl Strategy<Value = Value> {
    let place = (required(), prop::collection::vec(word(), 0..3))
        .prop_map(|(city, rooms)| json!({"city": city, "rooms": rooms}));
    let one = |strategy: BoxedStrategy<Value>| prop::option::of(strategy);
    (
        required(),
        one(any::<bool>().prop_map(Value::from).boxed()),
        one(any::<i64>().prop_map(Value::from).boxed()),
        one((-1e9..1e9_f64).prop_map(Value::from).boxed()),
        one(prop::collection::vec(word(), 0..4).prop_map(Value::from).boxed()),
        one(prop::collection::vec(any::<i32>(), 0..4).prop_map(Value::from).boxed()),
        one(prop::collection::vec(line(), 0..3).prop_map(Value::from).boxed()),
        one(place.boxed()),
    )
        .prop_map(|(name, urgent, count, weight, tags, sizes, lines, place)| {
            let mut input = json!({"name": name});
            let rest = [
                ("urgent", urgent),
                ("count", count),
                ("weight", weight),
                ("tags", tags),
                ("sizes", sizes),
                ("lines", lines),
                ("place", place),
            ];
            for (field, value) in rest {
                if let Some(value) = value {
                    input[field] = value;
                }
            }
            input
        })
}

fn mutated(event: &Value, wire: Wire, seed: u64) -> Map<String, Value> {
    let mut event = event.as_object().unwrap().clone();
    event::mutate(&mut event, &optional(wire), SeededRng::new(seed));
    event
}

fn parameters(event: &Value) -> Vec<Value> {
    let body = event.pointer("/requestBody/content/application~1json/properties");
    let all = event.get("parameters").into_iter().chain(body);
    all.flat_map(|list| list.as_array().unwrap().clone()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_twisted_call_means_the_same(input in input(), seed in any::<u64>(), api in any::<bool>()) {
        let wire = if api { Wire::Api } else { Wire::Function };
        let service = service();
        let (event, _) = testing::call(&service, "say_again", input).on(wire).event();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let handle = |event: Value| runtime.block_on(service.handle(event, &testing::context(None))).unwrap();
        let plain = handle(event.clone());
        for seed in (0..8).map(|more| seed.wrapping_add(more)) {
            prop_assert_eq!(handle(Value::Object(mutated(&event, wire, seed))), plain.clone());
        }
    }

    #[test]
    fn a_mutated_call_through_the_gateway_means_the_same(input in input(), seed in any::<u64>(), is_checked in any::<bool>()) {
        let service = service();
        let (event, client_context) = testing::call(&service, "say_again", input).on(Wire::Gateway).event();
        let kinds = optional(Wire::Function).parameters;
        let properties: Map<String, Value> =
            kinds.into_iter().map(|(name, kind)| (name, json!({"Type": kind}))).collect();
        let definition = json!({"InputSchema": {"Properties": properties, "Required": ["name"]}});
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let context = || testing::context(client_context.as_ref());
        let handle = |event: Value| runtime.block_on(service.handle(event, &context())).unwrap();
        let plain = handle(event.clone());
        for seed in (0..8).map(|more| seed.wrapping_add(more)) {
            let mut arguments = event.as_object().unwrap().clone();
            arguments::mutate(&mut arguments, &definition, is_checked, SeededRng::new(seed));
            prop_assert!(event.as_object().unwrap().keys().all(|name| arguments.contains_key(name)));
            prop_assert_eq!(handle(Value::Object(arguments)), plain.clone());
        }
    }

    #[test]
    fn no_given_parameter_is_lost_and_no_attribute_is_touched(input in input(), seed in any::<u64>(), attribute in "\\PC{0,12}") {
        let service = service();
        let call = testing::call(&service, "say_again", input)
            .attribute("customerId", attribute.clone())
            .attribute("empty", "");
        let (event, _) = call.event();
        let after = Value::Object(mutated(&event, Wire::Function, seed));
        for member in ["messageVersion", "inputText", "sessionId", "actionGroup", "function", "sessionAttributes"] {
            prop_assert_eq!(&after[member], &event[member]);
        }
        for member in ["id", "name", "alias", "version"] {
            prop_assert_eq!(&after["agent"][member], &event["agent"][member]);
        }
        let names: Vec<Value> = parameters(&after).into_iter().map(|parameter| parameter["name"].clone()).collect();
        for parameter in parameters(&event) {
            let given = !["", "null"].contains(&parameter["value"].as_str().unwrap());
            prop_assert!(!given || names.contains(&parameter["name"]), "{parameter}");
        }
    }
}

#[test]
fn every_kind_of_twist_occurs() {
    let input = json!({"name": "Ada", "urgent": true, "count": 5, "tags": ["a", "b"], "weight": 2.5, "place": {"city": "Ulm", "rooms": []}});
    let service = service();
    let (mut event, _) = testing::call(&service, "say_again", input).event();
    event["parameters"].as_array_mut().unwrap().push(json!({"name": "sizes", "type": "array", "value": ""}));
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..200 {
        let mut event = event.as_object().unwrap().clone();
        let words = event::mutate(&mut event, &optional(Wire::Function), SeededRng::new(seed));
        seen.extend(words.into_iter().map(|word| word.split(" ×").next().unwrap().to_owned()));
    }
    let all = [
        "boolean",
        "decimals",
        "empty value",
        "java text",
        "left out an empty value",
        "missing member",
        "order of members",
        "order of parameters",
        "spaces",
        "unknown member",
    ];
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), all);
}
