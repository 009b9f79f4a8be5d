//! Lists and objects, native or from text.

use serde_json::{Map, Value};

use super::{Reading, shallow, show_name, text, value};
use crate::{
    nearest,
    schema::shape::{List, Object, Shape},
};

/// Text for a shape that wants a list or an object: JSON first, then what Bedrock really sends.
pub(super) fn from_text(shape: &Shape, raw: &str, reading: &mut Reading) -> Option<Value> {
    if let Some(list_shape) = &shape.list {
        if let Some(Value::Array(items)) = json(raw, '[') {
            return list(list_shape, items, reading);
        }
        let items = match text::list(raw) {
            Some(items) => items.into_iter().map(Value::from).collect(),
            None if raw.is_empty() => return None,
            // one item without its brackets
            None => vec![Value::from(raw)],
        };
        return reading.as_text(|reading| list(list_shape, items, reading));
    }
    shape.object.as_ref()?;
    if let Some(Value::Object(members)) = json(raw, '{') {
        return object(shape, members, reading);
    }
    let mut members = Map::new();
    for (name, member) in text::object(raw)? {
        insert(&mut members, name.to_owned(), member.into(), reading)?;
    }
    reading.as_text(|reading| object(shape, members, reading))
}

fn json(raw: &str, start: char) -> Option<Value> {
    raw.trim_start().starts_with(start).then(|| serde_json::from_str(raw).ok()).flatten()
}

/// A JSON list for a shape that wants a list, or an object as AWS's migration shim spells it: a list of
/// `{name, value, type}`.
pub(super) fn native_list(shape: &Shape, items: Vec<Value>, reading: &mut Reading) -> Option<Value> {
    if let Some(list_shape) = &shape.list {
        return list(list_shape, items, reading);
    }
    shape.object.as_ref()?;
    let mut members = Map::new();
    for item in items {
        let Value::Object(mut item) = item else { return None };
        let Some(Value::String(name)) = item.remove("name") else { return None };
        insert(&mut members, name, item.remove("value")?, reading)?;
    }
    object(shape, members, reading)
}

/// Adds a member of an object whose text or list may name it twice.
fn insert(members: &mut Map<String, Value>, name: String, value: Value, reading: &mut Reading) -> Option<()> {
    match members.get(&name) {
        Some(first) if *first != value => {
            reading.at(&show_name(&name), Reading::doubled);
            None
        }
        _ => {
            members.insert(name, value);
            Some(())
        }
    }
}

fn list(shape: &List, items: Vec<Value>, reading: &mut Reading) -> Option<Value> {
    let Some(item_shape) = &shape.items else { return shallow(Value::Array(items), reading).ok() };
    let before = reading.count;
    let read: Vec<Value> = items
        .into_iter()
        .enumerate()
        .filter_map(|(at, item)| reading.at(&format!("[{at}]"), |reading| value(item_shape, item, reading)))
        .collect();
    (reading.count == before).then_some(Value::Array(read))
}

/// A JSON object for a shape.
pub(super) fn object(shape: &Shape, members: Map<String, Value>, reading: &mut Reading) -> Option<Value> {
    let object = shape.object.as_ref()?;
    let before = reading.count;
    let read = arguments(object, members, reading);
    (reading.count == before).then_some(Value::Object(read))
}

/// The members of an object: every known one read, every other denied, every missing one noted.
pub(crate) fn arguments(shape: &Object, members: Map<String, Value>, reading: &mut Reading) -> Map<String, Value> {
    let mut read = Map::new();
    for (name, member) in members {
        let field = match shape.fields.get(&name) {
            Some(field) => field,
            None => {
                match &shape.others {
                    Some(others) => {
                        let value = reading.at(&show_name(&name), |reading| value(others, member, reading));
                        read.extend(value.map(|value| (name, value)));
                    }
                    None => reading.at(&show_name(&name), |reading| {
                        reading.unknown(&name, shape.fields.keys().map(String::as_str));
                    }),
                }
                continue;
            }
        };
        if reading.is_absent(&member) && !(member.is_null() && field.shape.null) {
            // a required one is noted below, as missing
            continue;
        }
        let value = reading.at(&name, |reading| value(&field.shape, member, reading));
        // what could not be read must not be called missing as well
        read.insert(name, value.unwrap_or_default());
    }
    for (name, field) in &shape.fields {
        if field.required && !read.contains_key(name) {
            reading.at(name, |reading| reading.wrong(&field.shape, || "missing".to_owned()));
        }
    }
    read
}

impl Reading {
    /// Notes a name that came twice with different values.
    pub(crate) fn doubled(&mut self) {
        self.note(|| ("one value".to_owned(), "two different values".to_owned()));
    }

    /// Notes a name that the input does not have.
    pub(crate) fn unknown<'a>(&mut self, name: &str, known: impl Iterator<Item = &'a str> + Clone) {
        self.note(|| {
            let expected = match (nearest::find(name, known.clone()), known.clone().next()) {
                (Some(near), _) => format!("no such field; did you mean `{near}`?"),
                (None, None) => "no such field; there are none".to_owned(),
                (None, Some(_)) => format!("no such field; there are `{}`", known.collect::<Vec<_>>().join("`, `")),
            };
            (expected, "an unknown field".to_owned())
        });
    }

    /// Notes something about a field of the input itself.
    pub(crate) fn on(&mut self, field: &str, note: impl FnOnce(&mut Self)) {
        self.at(&show_name(field), note);
    }
}
