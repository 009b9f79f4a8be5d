//! JSON values of events and replies, for the modules of all wires.

use serde_json::{Map, Value};

/// An object from members that are moved into it. `json!` would copy them, and the body is most of a reply.
pub(super) fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    let mut map = Map::new();
    for (name, member) in members {
        map.insert(name.to_owned(), member);
    }
    Value::Object(map)
}

/// A body as text. All wires except one carry it this way.
pub(super) fn body_text(body: &Value) -> String {
    // serialising a `Value` cannot fail, and its `Display` is slower
    serde_json::to_string(body).unwrap_or_default()
}

/// The text of a value that should be text. Empty where it is not.
pub(super) fn own_text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        _ => String::new(),
    }
}
