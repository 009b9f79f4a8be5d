//! Lists and objects, as JSON or as text.

use serde_json::{Map, Value};

use super::{Coercion, shallow, show_name, text, value};
use crate::{
    nearest,
    schema::compiled::{CompiledSchema, List, Object},
};

/// Converts text to a list or an object. It tries JSON first, then the text format that Bedrock sends.
pub(super) fn from_text(shape: &CompiledSchema, raw: &str, coercion: &mut Coercion) -> Option<Value> {
    if let Some(list_shape) = &shape.list {
        if let Some(Value::Array(items)) = json(raw, '[') {
            return list(list_shape, items, coercion);
        }
        let items = match text::list(raw) {
            Some(items) => items.into_iter().map(Value::from).collect(),
            None if raw.is_empty() => return None,
            // a single item without brackets
            None => vec![Value::from(raw)],
        };
        return coercion.as_text(|coercion| list(list_shape, items, coercion));
    }
    shape.object.as_ref()?;
    if let Some(Value::Object(members)) = json(raw, '{') {
        return object(shape, members, coercion);
    }
    let mut members = Map::new();
    for (name, member) in text::object(raw)? {
        insert(&mut members, name.to_owned(), member.into(), coercion)?;
    }
    coercion.as_text(|coercion| object(shape, members, coercion))
}

fn json(raw: &str, start: char) -> Option<Value> {
    raw.trim_start().starts_with(start).then(|| serde_json::from_str(raw).ok()).flatten()
}

/// Converts a JSON list to a list, or to an object as AWS's migration shim spells it: a list of `{name, value, type}`.
pub(super) fn native_list(shape: &CompiledSchema, items: Vec<Value>, coercion: &mut Coercion) -> Option<Value> {
    if let Some(list_shape) = &shape.list {
        return list(list_shape, items, coercion);
    }
    shape.object.as_ref()?;
    let mut members = Map::new();
    for item in items {
        let Value::Object(mut item) = item else { return None };
        let Some(Value::String(name)) = item.remove("name") else { return None };
        insert(&mut members, name, item.remove("value")?, coercion)?;
    }
    object(shape, members, coercion)
}

/// Adds a member of an object. The text or list may contain the name twice.
fn insert(members: &mut Map<String, Value>, name: String, value: Value, coercion: &mut Coercion) -> Option<()> {
    match members.get(&name) {
        Some(first) if *first != value => {
            coercion.at(&show_name(&name), Coercion::duplicate);
            None
        }
        _ => {
            members.insert(name, value);
            Some(())
        }
    }
}

fn list(shape: &List, items: Vec<Value>, coercion: &mut Coercion) -> Option<Value> {
    let Some(item_shape) = &shape.items else { return shallow(Value::Array(items), coercion).ok() };
    let before = coercion.count;
    let read: Vec<Value> = items
        .into_iter()
        .enumerate()
        .filter_map(|(at, item)| coercion.at(&format!("[{at}]"), |coercion| value(item_shape, item, coercion)))
        .collect();
    (coercion.count == before).then_some(Value::Array(read))
}

/// Converts a JSON object.
pub(super) fn object(shape: &CompiledSchema, members: Map<String, Value>, coercion: &mut Coercion) -> Option<Value> {
    let object = shape.object.as_ref()?;
    let before = coercion.count;
    let read = arguments(object, members, coercion);
    (coercion.count == before).then_some(Value::Object(read))
}

/// The members of an object. It converts the known members, rejects the unknown ones, and records the missing ones.
pub(super) fn arguments(shape: &Object, members: Map<String, Value>, coercion: &mut Coercion) -> Map<String, Value> {
    let mut read = Map::new();
    for (name, member) in members {
        let Some(field) = shape.fields.get(&name) else {
            match &shape.others {
                Some(others) => {
                    let value = coercion.at(&show_name(&name), |coercion| value(others, member, coercion));
                    read.extend(value.map(|value| (name, value)));
                }
                None => coercion.on(&name, |coercion| {
                    coercion.unknown(&name, shape.fields.keys().map(String::as_str));
                }),
            }
            continue;
        };
        if coercion.is_absent(&member) && !(member.is_null() && field.shape.null) {
            // a missing required member is recorded below
            continue;
        }
        let value = coercion.at(&name, |coercion| value(&field.shape, member, coercion));
        // a value that could not be converted must not be reported as missing too
        read.insert(name, value.unwrap_or_default());
    }
    for (name, field) in &shape.fields {
        if field.required && !read.contains_key(name) {
            coercion.at(name, |coercion| coercion.wrong(&field.shape, || "missing".to_owned()));
        }
    }
    read
}

impl Coercion {
    /// Records a name that occurs twice with different values.
    pub(crate) fn duplicate(&mut self) {
        self.note(|| ("one value".to_owned(), "two different values".to_owned()));
    }

    /// Records a name that is not a field of the input.
    pub(crate) fn unknown<'a>(&mut self, name: &str, known: impl Iterator<Item = &'a str> + Clone) {
        self.note(|| {
            let expected = match (nearest::find(name, known.clone()), known.clone().next()) {
                (Some(near), _) => format!("no such field; did you mean `{near}`?"),
                (None, None) => "no such field; there are no fields".to_owned(),
                (None, Some(_)) => {
                    format!("no such field; the fields are `{}`", known.collect::<Vec<_>>().join("`, `"))
                }
            };
            (expected, "an unknown field".to_owned())
        });
    }

    /// Records a problem with one field of the input itself.
    pub(crate) fn on(&mut self, field: &str, note: impl FnOnce(&mut Self)) {
        self.at(&show_name(field), note);
    }
}
