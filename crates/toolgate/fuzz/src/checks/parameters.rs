//! Any text as the value of a parameter. Every wire converts it to the same value, and a converted value that is sent
//! again converts to itself. Only Bedrock's wires treat `""` and `"null"` as absent.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};
use toolgate::{Service, Wire, testing};

use super::{
    dispatch::assert_known,
    reply::{self, Body},
    run,
    tools::{self, Desk},
};

static DESK: LazyLock<(Service<Desk>, Desk)> = LazyLock::new(|| {
    let desk = Desk::hiding("a secret");
    (tools::service(desk.clone()), desk)
});

/// The first byte chooses the field, from `a` on; the rest is the text.
pub(super) fn check(bytes: &[u8]) -> Option<(&'static str, bool)> {
    let (which, text) = bytes.split_first()?;
    let which = usize::from(which.wrapping_sub(b'a')) % tools::FIELDS.len();
    let (field, text) = (tools::FIELDS[which], String::from_utf8_lossy(text));
    let [agents, others] = [[Wire::Function, Wire::Api], [Wire::Gateway, Wire::Direct]].map(|wires| {
        let read = read_alike(wires, field, &text);
        if let Some(value) = &read {
            let again = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            assert_eq!(read_alike(wires, field, &again).as_ref(), Some(value), "`{field}` is {value}, and then not");
        }
        read
    });
    let says_nothing = text.is_empty() || serde_json::from_str(&text).is_ok_and(|value| holds_nothing(&value));
    assert!(says_nothing || agents == others, "`{field}` is {agents:?} on Bedrock's wires, elsewhere {others:?}");
    Some((field, agents.is_some()))
}

/// Whether a value contains a text that Bedrock may have meant as absent.
fn holds_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty() || text == "null",
        Value::Array(items) => items.iter().any(holds_nothing),
        Value::Object(members) => members.values().any(holds_nothing),
        _ => false,
    }
}

/// The value that a text becomes in a field. It must be the same on these wires. `None` where the text is rejected or
/// absent.
fn read_alike(wires: [Wire; 2], field: &str, text: &str) -> Option<Value> {
    let (arguments, body) = read(wires[0], event(wires[0], field, text));
    let (others, other) = read(wires[1], event(wires[1], field, text));
    assert_eq!(others, arguments, "on the {} and the {} wire", wires[1], wires[0]);
    assert_eq!(other, body, "on the {} and the {} wire", wires[1], wires[0]);
    if wires.contains(&Wire::Api) {
        let (query, _) = read(Wire::Api, query(field, text));
        assert_eq!(query, arguments, "in the query and elsewhere");
    }
    match &body {
        Body::Output(_) => {}
        Body::Error { kind, problems, .. } => match kind.as_str() {
            "invalid" => {
                assert!(arguments.is_none() && !problems.is_empty(), "{body:?}");
                assert!(problems.iter().all(|problem| is_about(field, problem)), "{body:?}");
            }
            // the tool was asked for this error, or the output repeated the text and is too large
            _ => assert!(arguments.is_some() && (field == "wanted" || kind == "too large"), "{body:?}"),
        },
    }
    let arguments = arguments?;
    assert_known(&arguments);
    arguments.get(field).cloned()
}

/// Whether a problem is about this field, and does not repeat a secret value.
fn is_about(field: &str, problem: &Value) -> bool {
    let text = |name: &str| problem[name].as_str().unwrap();
    let below = text("path").strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
    // a problem that serde finds has no path, because of `Seen`
    let by_serde = text("path").is_empty() && text("expected").starts_with("invalid value: integer");
    (below || by_serde) && (field != "pin" || problem["got"] == "a value that is not repeated here")
}

fn read(wire: Wire, (event, client_context): (Value, Option<Value>)) -> (Option<Map<String, Value>>, Body) {
    let (service, desk) = &*DESK;
    let reply = run(service.handle(event.clone(), &testing::context(client_context.as_ref()))).unwrap();
    let mut reached = desk.reached();
    assert!(reached.len() <= 1);
    (reached.pop(), reply::read(wire, &event, &reply))
}

/// A call that sends `text` unchanged in one field, beside the required field.
fn event(wire: Wire, field: &str, text: &str) -> (Value, Option<Value>) {
    let tool = tools::NAMES[0];
    let mut arguments = json!({"claimId": "C-1"});
    arguments[field] = text.into();
    match wire {
        Wire::Gateway => (arguments, Some(json!({"custom": {"bedrockAgentCoreToolName": format!("claims___{tool}")}}))),
        Wire::Direct => (json!({"toolName": tool, "toolInput": arguments}), None),
        Wire::Function => {
            let event = json!({
                "messageVersion": "1.0", "actionGroup": "claims", "function": tool, "parameters": listed(&arguments),
            });
            (event, None)
        }
        _ => {
            let body = json!({"content": {"application/json": {"properties": listed(&arguments)}}});
            let event = json!({
                "messageVersion": "1.0", "actionGroup": "claims", "apiPath": format!("/{tool}"), "httpMethod": "POST",
                "requestBody": body,
            });
            (event, None)
        }
    }
}

/// The same call on the api wire, with the arguments in the query instead of the body.
fn query(field: &str, text: &str) -> (Value, Option<Value>) {
    let (mut event, context) = event(Wire::Api, field, text);
    let body = event.as_object_mut().unwrap().remove("requestBody").unwrap();
    event["parameters"] = body["content"]["application/json"]["properties"].clone();
    (event, context)
}

fn listed(arguments: &Value) -> Value {
    let members = arguments.as_object().unwrap().iter();
    members.map(|(name, value)| json!({"name": name, "type": "string", "value": value})).collect()
}
