//! A field outside of the allow-list never reaches a tool: on any wire, in any spelling, at any position of an event.

use std::{
    borrow::Cow,
    sync::{Arc, Mutex},
};

use proptest::{collection, prelude::*};
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use toolgate::{Cx, Router, Tool, ToolError, Wire, testing};
use validator::Validate;

use super::{
    kit::{Event, body, error, event, in_body},
    properties::run,
};

/// Change an account.
#[derive(JsonSchema)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its schema is used")]
struct Change {
    /// The customer.
    customer_id: String,
    /// Where the customer lives.
    address: Option<Address>,
    /// What is to be remembered.
    notes: Option<Vec<Note>>,
    /// Not accepted.
    discount: Option<f64>,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Address {
    city: String,
}

#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used")]
struct Note {
    text: String,
}

/// An input type that accepts anything, so that only the gates protect the tool.
#[derive(Deserialize, Validate)]
#[serde(transparent)]
struct Anything {
    arguments: Map<String, Value>,
}

impl JsonSchema for Anything {
    fn schema_name() -> Cow<'static, str> {
        Change::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Change::json_schema(generator)
    }
}

#[derive(Serialize, JsonSchema)]
struct Changed {
    done: bool,
}

type Reached = Arc<Mutex<Vec<Map<String, Value>>>>;

async fn change(cx: Cx<Reached>, input: Anything) -> Result<Changed, ToolError> {
    cx.state().lock().unwrap().push(input.arguments);
    Ok(Changed { done: true })
}

/// Sends an event. Returns the body, and the inputs that reached the tool.
fn sent(event: Event) -> (Value, Vec<Map<String, Value>>) {
    let reached = Reached::default();
    let tool = Tool::new("change", change)
        .accept(["customerId", "address", "notes"])
        .refuse(["accountStatus", "creditLimit", "discount"])
        .expose(["done"]);
    let service =
        Router::builder().group("kit").tool(tool).build().unwrap().with_state(reached.clone()).wires(Wire::ALL);
    let context = testing::context(event.client_context.as_ref());
    let reply = run(service.handle(event.event, &context)).unwrap();
    let reached = std::mem::take(&mut *reached.lock().unwrap());
    (body(event.wire, &reply), reached)
}

/// An event of the tool on `wire`, with one more argument.
fn with(wire: Wire, name: &str, value: Value) -> Event {
    event(wire, "change", json!({"customerId": "CUST-1", name: value}))
}

fn wire() -> impl Strategy<Value = Wire> {
    prop::sample::select(&Wire::ALL[..])
}

/// A refused name in the spellings that an attacker may try.
fn spelled() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![["account", "status"], ["credit", "limit"], ["dis", "count"]]);
    (words, "[-_ .\u{200b}]{0,2}", collection::vec(any::<bool>(), 13), "[ _-]?").prop_map(
        |([one, two], separator, upper, end)| {
            let cased = |(c, upper): (char, &bool)| if *upper { c.to_ascii_uppercase() } else { c };
            format!("{one}{separator}{two}{end}").chars().zip(upper.iter().cycle()).map(cased).collect()
        },
    )
}

/// A value of any kind. A refused name is refused with any value.
fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        "[ -~]{0,20}".prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
        Just(json!({"customerId": "CUST-1"})),
        Just(json!([["closed"]])),
    ]
}

fn parameter(name: &str, value: &Value) -> Value {
    json!({"name": name, "type": "string", "value": value})
}

/// The positions of an Agents event that carry arguments, one by one and combined.
fn places(spelled: &str, one: &Value, other: &Value) -> Vec<Event> {
    let query = |mut event: Event, value: &Value| {
        event.event["parameters"] = json!([parameter(spelled, value)]);
        event
    };
    let twice = |mut event: Event, list: &str| {
        let list = event.event.pointer_mut(list).and_then(Value::as_array_mut).unwrap();
        list.push(parameter(spelled, one));
        list.insert(0, parameter(spelled, other));
        event
    };
    const BODY: &str = "/requestBody/content/application~1json/properties";
    let plain = |wire| event(wire, "change", json!({"customerId": "CUST-1"}));
    let mut parts = plain(Wire::Api);
    parts.event["requestBody"]["content"]["text/plain"] = json!({"properties": [parameter(spelled, one)]});
    vec![
        query(plain(Wire::Api), one),
        query(with(Wire::Api, spelled, other.clone()), one),
        twice(plain(Wire::Function), "/parameters"),
        twice(plain(Wire::Api), BODY),
        twice(query(plain(Wire::Api), other), "/parameters"),
        parts,
    ]
}

/// The ways to write an object with one member too many.
fn objects(member: (&str, &str), name: &str, value: &str) -> Vec<Value> {
    let (known, text) = member;
    let object = json!({known: text, name: value});
    vec![
        object.clone(),
        object.to_string().into(),
        format!(" {object:#} ").into(),
        format!("{{{known}={text}, {name}={value}}}").into(),
        format!("{{{name}={value}, {known}={text}}}").into(),
        format!("{{\"{name}\"=\"{value}\", {known}={text}}}").into(),
        json!([{"name": known, "type": "string", "value": text}, {"name": name, "type": "string", "value": value}]),
    ]
}

fn has_only(value: &Value, name: &str) -> bool {
    value.as_object().is_some_and(|members| members.keys().eq([name]))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, ..ProptestConfig::default() })]

    #[test]
    fn a_refused_field_is_refused_in_any_spelling(
        wire in wire(),
        spelled in spelled(),
        value in value(),
        others in collection::btree_map("[a-zA-Z]{1,8}", "[ -~]{0,9}", 0..4),
    ) {
        let mut event = with(wire, &spelled, value);
        if wire == Wire::Direct {
            for (name, text) in others {
                event.event["toolInput"][name] = text.into();
            }
        }
        let (body, reached) = sent(event);
        prop_assert_eq!(&error(&body)["kind"], "refused", "{}", body);
        prop_assert!(reached.is_empty());
    }

    #[test]
    fn a_refused_field_is_refused_wherever_an_event_carries_it(
        spelled in spelled(), one in value(), other in value(),
    ) {
        for event in places(&spelled, &one, &other) {
            let shown = event.event.to_string();
            let (body, reached) = sent(event);
            prop_assert_eq!(&error(&body)["kind"], "refused", "{}", shown);
            prop_assert!(reached.is_empty());
        }
    }

    #[test]
    fn a_refused_field_inside_of_another_is_no_field_of_that(
        wire in wire(), spelled in spelled(), value in "[a-zA-Z0-9]{1,9}",
    ) {
        for object in objects(("city", "Rome"), spelled.trim(), &value) {
            let (body, reached) = sent(with(wire, "address", object.clone()));
            prop_assert_eq!(&error(&body)["kind"], "invalid", "{}", object);
            prop_assert!(reached.is_empty());
        }
        for note in objects(("text", "hello"), spelled.trim(), &value) {
            let lists = [json!([note]), json!([{"text": "first"}, note]).to_string().into()];
            let java = note.as_str().filter(|text| text.contains('=')).map(|text| format!("[{text}, {{text=last}}]"));
            for list in lists.into_iter().chain(java.map(Value::from)) {
                let (body, reached) = sent(with(wire, "notes", list.clone()));
                prop_assert_eq!(&error(&body)["kind"], "invalid", "{}", list);
                prop_assert!(reached.is_empty());
            }
        }
    }

    #[test]
    fn a_text_of_arguments_is_no_arguments(wire in wire(), spelled in spelled()) {
        // as the whole input, on the wires that have one
        let input = json!({"customerId": "CUST-1", spelled: "closed"});
        let mut event = event(wire, "change", json!({}));
        match wire {
            Wire::Function => event.event["parameters"] = input.to_string().into(),
            Wire::Api => event.event["requestBody"] = input,
            Wire::Gateway => event.event = input.to_string().into(),
            Wire::Mcp => in_body(&mut event.event, |message| message["params"]["arguments"] = input.to_string().into()),
            _ => event.event["toolInput"] = input.to_string().into(),
        }
        let (body, reached) = sent(event);
        prop_assert_eq!(&error(&body)["kind"], "invalid");
        prop_assert!(reached.is_empty());
    }

    #[test]
    fn only_what_the_input_has_reaches_a_tool(
        wire in wire(),
        fields in collection::btree_map("(customerId|address|notes|[a-zA-Z_]{1,9}|é?)", value(), 0..5),
        city in collection::btree_map("(city|[a-z]{1,5})", "[ -~]{0,9}", 0..3),
    ) {
        let mut arguments: Map<String, Value> = fields.into_iter().collect();
        arguments.insert("customerId".into(), "CUST-1".into());
        arguments.insert("address".into(), json!(city));
        let all_known = arguments.keys().all(|name| ["customerId", "address", "notes"].contains(&name.as_str()));
        let (body, reached) = sent(event(wire, "change", arguments.clone().into()));
        for input in &reached {
            prop_assert!(input.iter().all(|(name, value)| match name.as_str() {
                "customerId" => true,
                "notes" => value.is_null() || value.as_array().unwrap().iter().all(|note| has_only(note, "text")),
                "address" => value.is_null() || has_only(value, "city"),
                _ => false,
            }), "{:?}", input);
        }
        prop_assert!(reached.is_empty() || all_known, "{}", body);
        prop_assert_eq!(body["done"] == true, reached.len() == 1);
    }
}
