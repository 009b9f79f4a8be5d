//! The projection of an output to its exposed fields. The fields are paths into the output's schema.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::schema::dialect::{alternatives, inner, kind};

/// Maximum number of dropped fields that are named.
const DROPPED: usize = 200;

/// The exposed fields of an output.
#[derive(Debug, Default)]
pub(crate) struct OutputProjection {
    /// Exposes this value and all values below it.
    whole: bool,
    fields: BTreeMap<String, OutputProjection>,
    items: Option<Box<OutputProjection>>,
}

impl OutputProjection {
    pub(crate) fn all() -> Self {
        Self { whole: true, ..Self::default() }
    }

    /// Adds a path such as `orders[].status`, checked against the output's schema.
    ///
    /// # Errors
    /// Describes the part of the path that the output does not have.
    pub(crate) fn add(&mut self, path: &str, schema: &Value) -> Result<(), String> {
        let (mut node, mut schema) = (self, schema);
        for segment in path.split('.') {
            let name = segment.trim_end_matches("[]");
            if segment.is_empty() {
                return Err(format!("`{path}` names no field; for the whole output there is `.expose_all()`"));
            }
            if !name.is_empty() {
                schema = member(schema, name).ok_or_else(|| lacks(path, name, schema))?;
                node = node.fields.entry(name.to_owned()).or_default();
            }
            for _ in 0..(segment.len() - name.len()) / 2 {
                if kind(schema) != "array" {
                    return Err(format!("`{path}` has `[]` where the output has no list"));
                }
                schema = inner(schema).get("items").unwrap_or(&Value::Null);
                node = node.items.get_or_insert_default();
            }
        }
        node.whole = true;
        Ok(())
    }

    /// The exposed part of an output, and the number of dropped fields.
    pub(crate) fn project(&self, mut value: Value) -> (Value, usize) {
        let mut dropped = 0;
        self.keep(&mut value, &mut dropped);
        (value, dropped)
    }

    fn keep(&self, value: &mut Value, dropped: &mut usize) {
        if self.whole {
            return;
        }
        match value {
            Value::Object(members) => {
                members.retain(|name, member| {
                    let node = self.fields.get(name);
                    match node {
                        Some(node) => node.keep(member, dropped),
                        None => *dropped += 1,
                    }
                    node.is_some()
                });
            }
            Value::Array(items) => match &self.items {
                Some(node) => items.iter_mut().for_each(|item| node.keep(item, dropped)),
                None => {
                    *dropped += items.len();
                    items.clear();
                }
            },
            Value::Null => {}
            // a plain value where the path goes deeper is not exposed
            other => {
                *dropped += 1;
                *other = Value::Null;
            }
        }
    }

    /// The paths of the fields that [`project`](Self::project) drops, each once: `orders[].note`.
    pub(crate) fn dropped(&self, value: &Value) -> Vec<String> {
        let mut paths = Vec::new();
        self.find_dropped(value, "", &mut paths);
        paths
    }

    fn find_dropped(&self, value: &Value, at: &str, paths: &mut Vec<String>) {
        if self.whole || paths.len() >= DROPPED {
            return;
        }
        match (value, &self.items) {
            (Value::Object(members), _) => {
                for (name, member) in members {
                    let path = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                    match self.fields.get(name) {
                        Some(node) => node.find_dropped(member, &path, paths),
                        None => note(path, paths),
                    }
                }
            }
            (Value::Array(items), Some(node)) => {
                items.iter().for_each(|item| node.find_dropped(item, &format!("{at}[]"), paths));
            }
            (Value::Array(items), None) if items.is_empty() => {}
            (Value::Array(_), None) => note(format!("{at}[]"), paths),
            (Value::Null, _) => {}
            (_, _) => note(at.to_owned(), paths),
        }
    }

    /// Whether a path names this top-level field of the output.
    pub(crate) fn has_field(&self, name: &str) -> bool {
        self.fields.contains_key(name)
    }

    /// The schema of the exposed part.
    pub(crate) fn prune(&self, schema: &Value) -> Value {
        if self.whole {
            return schema.clone();
        }
        let Some(target) = inner(schema).as_object() else { return schema.clone() };
        let mut pruned = target.clone();
        if let Some(description) = schema.get("description") {
            pruned.insert("description".into(), description.clone());
        }
        if let (Some(node), Some(items)) = (&self.items, target.get("items")) {
            pruned.insert("items".into(), node.prune(items));
        }
        if let Some(fields) = target.get("properties").and_then(Value::as_object) {
            let kept = fields
                .iter()
                .filter_map(|(name, schema)| self.fields.get(name).map(|node| (name.clone(), node.prune(schema))));
            pruned.insert("properties".into(), kept.collect::<Map<_, _>>().into());
        }
        if let Some(Value::Array(required)) = pruned.get_mut("required") {
            required.retain(|name| name.as_str().is_some_and(|name| self.fields.contains_key(name)));
        }
        pruned.into()
    }
}

/// Adds a path, if it is not there yet and there are not too many.
fn note(path: String, paths: &mut Vec<String>) {
    if paths.len() < DROPPED && !paths.contains(&path) {
        paths.push(path);
    }
}

/// The schema of a member, from the first alternative that has one.
fn member<'a>(schema: &'a Value, name: &str) -> Option<&'a Value> {
    let open = || schema.get("additionalProperties").filter(|other| !matches!(other, Value::Bool(false)));
    let here = schema.get("properties").and_then(|fields| fields.get(name));
    here.or_else(|| alternatives(schema).find_map(|schema| member(schema, name))).or_else(open)
}

fn lacks(path: &str, name: &str, schema: &Value) -> String {
    if kind(schema) == "array" {
        return format!("`{path}`: `{name}` is inside of a list, so write `[]` before it");
    }
    let fields = inner(schema).get("properties").and_then(Value::as_object);
    let near = fields.and_then(|fields| crate::nearest::find(name, fields.keys().map(String::as_str)));
    match near {
        Some(near) => format!("the output has no `{path}`; did you mean `{near}`?"),
        None => format!("the output has no `{path}`"),
    }
}

/// A field beside which an object accepts members of any name (a flattened map). Such a member could replace the field,
/// because the last of two members with one name counts.
pub(crate) fn replaceable(schema: &Value) -> Option<&str> {
    match schema {
        Value::Object(members) => {
            let open = members.get("additionalProperties").is_some_and(|other| *other != Value::Bool(false));
            let field = members.get("properties").and_then(Value::as_object).and_then(|fields| fields.keys().next());
            field.filter(|_| open).map(String::as_str).or_else(|| members.values().find_map(replaceable))
        }
        Value::Array(items) => items.iter().find_map(replaceable),
        _ => None,
    }
}
