//! Sends any event through a complete router.

use std::sync::LazyLock;

use serde_json::{Map, Value};
use toolgate::{Service, Wire, testing};

use super::{
    reply::{self, Body},
    run,
    tools::{self, Desk},
};

/// Two desks that differ only in the value that they hide. If a reply revealed anything of it, the replies would
/// differ.
static DESKS: LazyLock<[(Service<Desk>, Desk); 2]> = LazyLock::new(|| {
    ["one secret", "\"another, longer secret\""].map(|hidden| {
        let desk = Desk::hiding(hidden);
        (tools::service(desk.clone()), desk)
    })
});

/// The first line is the event. The second line, if there is one, is the client context. Returns the wire, and the
/// error's kind or `output`. `None` where the event is not a call.
pub(super) fn check(bytes: &[u8]) -> Option<(Wire, String)> {
    let mut lines = bytes.splitn(2, |byte| *byte == b'\n');
    let event = json(lines.next().unwrap_or_default());
    let client_context = lines.next().map(json);
    let wire = reply::wire(&event, client_context.as_ref());
    let context = testing::context(client_context.as_ref());
    let [one, other] = DESKS.each_ref().map(|(service, desk)| {
        let reply = run(service.handle(event.clone(), &context));
        (reply, desk.reached())
    });
    assert_eq!(one, other, "a reply reveals a hidden value");
    let (reply, reached) = one;
    let (wire, reply) = match (wire, reply) {
        (Some(wire), Ok(reply)) => (wire, reply),
        (None, Err(toolgate::UnknownEvent { .. })) => {
            assert!(reached.is_empty());
            return None;
        }
        (wire, reply) => panic!("the event is on {wire:?}, and the reply is {reply:?}"),
    };
    let body = reply::read(wire, &event, &reply);
    let sent = sent(wire, &event);
    match reached.as_slice() {
        [] => assert!(!matches!(body, Body::Output(_)), "an output without a tool: {reply}"),
        [arguments] => {
            let sent = sent.expect("a call that cannot be read reaches no tool");
            let denied = sent.iter().find(|name| !tools::FIELDS.contains(&name.as_str()));
            assert!(denied.is_none(), "{denied:?} was sent, and the tool ran");
            assert_known(arguments);
            assert!(arguments.keys().all(|name| sent.contains(name)), "{sent:?} were sent, not {arguments:?}");
        }
        several => panic!("one call, and tools ran {} times", several.len()),
    }
    let wanted = reached.first().and_then(|arguments| arguments.get("wanted")).and_then(Value::as_str);
    let outcome = body.kind().unwrap_or("output").to_owned();
    match body {
        Body::Output(output) => assert_exposed(&output, ""),
        Body::Error { kind, message, problems } => {
            assert!(problems.is_empty() || kind == "invalid", "{reply}");
            assert!(problems.len() <= 20, "{reply}");
            assert!(
                kind != "internal" || matches!(wanted, Some("failed" | "repeated")),
                "failed inside, and no tool asked for it: {reply}"
            );
            assert!(message.len() < 400, "{reply}");
        }
    }
    Some((wire, outcome))
}

/// Parses the bytes as JSON, or returns them as text.
fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|_| String::from_utf8_lossy(bytes).into())
}

/// The names of the arguments that an event sends; `None` where they cannot be read.
fn sent(wire: Wire, event: &Value) -> Option<Vec<String>> {
    let keys = |value: &Value| match value {
        Value::Null => Some(Vec::new()),
        Value::Object(members) => Some(members.keys().cloned().collect()),
        _ => None,
    };
    match wire {
        Wire::Gateway => keys(event),
        Wire::Direct => keys(&event["toolInput"]),
        Wire::Mcp => None,
        _ => {
            let mut names = listed(&event["parameters"])?;
            if wire == Wire::Api {
                for part in members(&event["requestBody"])?.get("content").map_or(Some(Map::new()), members)?.values() {
                    names.extend(listed(part.as_object()?.get("properties").unwrap_or_default())?);
                }
            }
            Some(names)
        }
    }
}

fn members(value: &Value) -> Option<Map<String, Value>> {
    match value {
        Value::Null => Some(Map::new()),
        other => other.as_object().cloned(),
    }
}

/// The names in a list of `{name, value}`.
fn listed(list: &Value) -> Option<Vec<String>> {
    match list {
        Value::Null => Some(Vec::new()),
        other => other.as_array()?.iter().map(|item| Some(item.get("name")?.as_str()?.to_owned())).collect(),
    }
}

/// Asserts that the arguments of a tool contain only members of the input's type.
pub(super) fn assert_known(arguments: &Map<String, Value>) {
    fn inside(value: &Value, path: &str) {
        match value {
            Value::Object(_) if path == "labels" => {}
            Value::Object(members) => {
                for (name, member) in members {
                    let path = format!("{path}.{name}");
                    assert!(tools::INSIDE.contains(&path.as_str()), "`{path}` reached the tool");
                    inside(member, &path);
                }
            }
            Value::Array(items) => items.iter().for_each(|item| inside(item, &format!("{path}[]"))),
            _ => {}
        }
    }
    for (name, value) in arguments {
        assert!(tools::FIELDS.contains(&name.as_str()), "`{name}` reached the tool");
        inside(value, name);
    }
}

/// Asserts that an output contains only exposed fields, and the members that mark a truncated output.
fn assert_exposed(value: &Value, path: &str) {
    let below = |exposed: &str| exposed.strip_prefix(path).is_some_and(|rest| rest.starts_with(['.', '[']));
    if tools::EXPOSED.contains(&path) || matches!(path, "truncated" | "omitted") {
        return;
    }
    assert!(path.is_empty() || tools::EXPOSED.into_iter().any(below), "`{path}` leaves");
    match value {
        Value::Object(members) => members.iter().for_each(|(name, member)| {
            let dot = if path.is_empty() { "" } else { "." };
            assert_exposed(member, &format!("{path}{dot}{name}"));
        }),
        Value::Array(items) => items.iter().for_each(|item| assert_exposed(item, &format!("{path}[]"))),
        Value::Null => {}
        other => panic!("`{path}` leaves as {other}"),
    }
}
