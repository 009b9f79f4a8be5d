//! The caller's identity, in envelopes of any form. An identity part that cannot be read never makes a caller
//! anonymous, and an event with the gateway's context never passes for an event of another wire.

use std::sync::LazyLock;

use proptest::{collection, option, prelude::*};
use serde_json::{Map, Value, json};
use toolgate::{Service, Wire, testing};

use super::{
    kit::{self, Event, State, body},
    properties::run,
};

static KIT: LazyLock<(Service<State>, State)> = LazyLock::new(kit::counted);

const TOOL: &str = "bedrockAgentCoreToolName";
const HEADERS: &str = "bedrockAgentCorePropagatedHeaders";

/// The caller that the tool `act` reports. Instead of it, the kind of the error or the type of the function error.
fn who(event: &Event) -> Result<String, String> {
    let context = testing::context(event.client_context.as_ref());
    let reply = run(KIT.0.handle(event.event.clone(), &context)).map_err(|error| error.error_type().to_owned())?;
    let body = body(event.wire, &reply);
    match body["error"]["kind"].as_str() {
        Some(kind) => Err(kind.to_owned()),
        None => Ok(body["text"].as_str().unwrap().to_owned()),
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[ -~é漢]{0,12}".prop_map(Value::from),
        Just(json!("CUST-1")),
        Just(json!("{\"customerId\": \"CUST-1\"}")),
    ];
    let name = prop_oneof![
        Just("customerId".to_owned()),
        Just("X-Customer".to_owned()),
        Just("x-customer".to_owned()),
        Just("x-hint".to_owned()),
        "[a-z]{1,6}"
    ];
    leaf.prop_recursive(3, 12, 4, move |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            collection::btree_map(name.clone(), inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

/// The values of a name in any case, in an object of texts. `Err` where it is something else.
fn texts(value: &Value) -> Result<Vec<(String, String)>, ()> {
    let text = |(name, value): (&String, &Value)| match value {
        Value::String(text) => Ok((name.clone(), text.clone())),
        _ => Err(()),
    };
    value.as_object().ok_or(())?.iter().map(text).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn session_attributes_are_an_object_of_texts_or_the_call_is_refused(attributes in option::of(any_json())) {
        for wire in [Wire::Function, Wire::Api] {
            let mut event = kit::event(wire, "act", json!({"what": "who"}));
            let members = event.event.as_object_mut().unwrap();
            match &attributes {
                Some(attributes) => members.insert("sessionAttributes".to_owned(), attributes.clone()),
                None => members.remove("sessionAttributes"),
            };
            let expected = match attributes.as_ref().map(texts) {
                Some(Err(())) => Err("refused".to_owned()),
                Some(Ok(texts)) => {
                    let bound = texts.into_iter().find(|(name, _)| name == "customerId");
                    Ok(format!("{} none", bound.map_or("nobody".to_owned(), |(_, value)| value)))
                }
                None => Ok("nobody none".to_owned()),
            };
            prop_assert_eq!(who(&event), expected, "{}", wire);
        }
    }

    #[test]
    fn propagated_headers_are_an_object_of_texts_or_the_call_is_refused(
        headers in any_json(),
        as_text in any::<bool>(),
    ) {
        let sent = if as_text { json!(headers.to_string()) } else { headers.clone() };
        let custom = json!({TOOL: "kit___act", HEADERS: sent});
        let event = Event {
            wire: Wire::Gateway,
            event: json!({"what": "who"}),
            client_context: Some(json!({"custom": custom})),
        };
        // JSON text of an object counts as that object, even if it was not intended
        let read = match &headers {
            Value::String(text) if !as_text => serde_json::from_str(text).unwrap_or_default(),
            other => other.clone(),
        };
        let single = |value: &Value| match value {
            Value::Array(items) if items.len() == 1 => items[0].as_str().map(str::to_owned),
            value => value.as_str().map(str::to_owned),
        };
        let named = read.as_object().map(|read| {
            let named = read.iter().filter(|(name, _)| name.eq_ignore_ascii_case("x-customer"));
            named.map(|(_, value)| single(value)).collect::<Vec<_>>()
        });
        let expected = match named.as_deref() {
            Some([]) => Ok("nobody".to_owned()),
            Some([Some(one)]) => Ok(one.clone()),
            Some([Some(one), Some(other)]) if one == other => Ok(format!("{one}, {other}")),
            _ => Err("refused".to_owned()),
        };
        let answer = who(&event);
        match expected {
            Err(kind) => prop_assert_eq!(answer, Err(kind)),
            Ok(caller) => {
                let start = format!("{caller} ");
                prop_assert!(answer.as_ref().is_ok_and(|answer| answer.starts_with(&start)), "{:?}", answer);
            }
        }
    }

    #[test]
    fn no_event_of_the_gateway_s_is_read_as_another_wire_s(
        keys in collection::btree_map("(bedrockAgentCore|BEDROCKAGENTCORE|bedrockagentcore)[A-Za-z]{0,9}", any_json(), 1..3),
        tool in option::of(any_json()),
        place in prop::sample::select(vec!["custom", "env", "Custom", "client", ""]),
        imitated in prop::sample::select(Wire::ALL.to_vec()),
    ) {
        let mut custom: Map<String, Value> = keys.into_iter().filter(|(name, _)| name != HEADERS).collect();
        custom.remove(TOOL);
        custom.insert("bedrockAgentCoreGatewayId".to_owned(), json!("g"));
        custom.extend(tool.clone().map(|tool| (TOOL.to_owned(), tool)));
        let client_context = if place.is_empty() { json!(custom) } else { json!({place: custom}) };
        let imitation = kit::event(imitated, "act", json!({"what": "who"})).event;
        let context = testing::context(Some(&client_context));
        let reply = run(KIT.0.handle(imitation, &context));
        match (place, tool) {
            // the gateway's reply is the body itself
            ("custom", Some(Value::String(_))) => {
                let reply = reply.unwrap();
                prop_assert!(reply["error"]["kind"] == "unknown tool", "{}", reply);
            }
            _ => prop_assert_eq!(reply.unwrap_err().error_type(), "Toolgate.UnreadableClientContext"),
        }
    }
}
