//! The intrinsic functions, each resolved to the plain value that a deployment would see.

use serde_json::{Map, Value};

use super::scope::{Scope, text};

pub(super) fn is_intrinsic(value: &Value) -> bool {
    value.as_object().is_some_and(|object| {
        object.keys().any(|key| key == "Fn::Transform")
            || (object.len() == 1 && object.keys().all(|key| key == "Ref" || key.starts_with("Fn::")))
    })
}

impl Scope<'_> {
    /// The value with every intrinsic in it resolved; `None` for `AWS::NoValue` and for what is noted as a problem.
    pub(super) fn resolve(&self, value: &Value, at: &str) -> Option<Value> {
        match value {
            Value::Object(object) if is_intrinsic(value) => self.intrinsic(object, at),
            Value::Object(object) => Some(Value::Object(self.resolve_members(object, at))),
            Value::Array(items) => {
                let items = items.iter().enumerate();
                Some(items.filter_map(|(index, item)| self.resolve(item, &format!("{at}[{index}]"))).collect())
            }
            scalar => Some(scalar.clone()),
        }
    }

    fn resolve_members(&self, object: &Map<String, Value>, at: &str) -> Map<String, Value> {
        let members = object.iter().filter(|(key, _)| *key != "Fn::Transform");
        members.filter_map(|(key, member)| Some((key.clone(), self.resolve(member, &format!("{at}.{key}"))?))).collect()
    }

    fn intrinsic(&self, object: &Map<String, Value>, at: &str) -> Option<Value> {
        if let Some(transform) = object.get("Fn::Transform") {
            let included = self.include(transform, at)?;
            let mut members = self.resolve_members(object, at);
            return match included {
                Value::Object(included) => {
                    members.extend(included);
                    Some(Value::Object(members))
                }
                other => Some(other),
            };
        }
        let (name, argument) = object.iter().next()?;
        let parts = argument.as_array().map_or(&[] as &[Value], Vec::as_slice);
        match (name.as_str(), parts) {
            ("Ref", _) => self.reference(argument.as_str()?, at),
            ("Fn::GetAtt", [resource, attribute]) => {
                let attribute = self.text_of(attribute, at)?;
                self.attribute(resource.as_str()?, &attribute, at).map(Value::String)
            }
            ("Fn::GetAtt", _) if argument.is_string() => {
                let (resource, attribute) = argument.as_str()?.split_once('.')?;
                self.attribute(resource, attribute, at).map(Value::String)
            }
            ("Fn::Sub", [pattern, names]) => self.substitute(pattern.as_str()?, Some(names), at).map(Value::String),
            ("Fn::Sub", _) if argument.is_string() => self.substitute(argument.as_str()?, None, at).map(Value::String),
            ("Fn::If", [condition, yes, no]) => {
                let branch = if self.condition(condition.as_str()?, at) { yes } else { no };
                self.resolve(branch, at)
            }
            ("Fn::Join", [separator, items]) => self.join(&self.text_of(separator, at)?, items, at),
            ("Fn::Split", [separator, whole]) => {
                let (separator, whole) = (self.text_of(separator, at)?, self.text_of(whole, at)?);
                Some(whole.split(separator.as_str()).map(|part| Value::String(part.to_owned())).collect())
            }
            ("Fn::Select", [index, items]) => self.select(index, items, at),
            ("Fn::FindInMap", [map, first, second, ..]) => self.find_in_map([map, first, second], parts.get(3), at),
            ("Fn::ToJsonString", _) => Some(Value::String(self.resolve(argument, at)?.to_string())),
            ("Fn::Length", _) => Some(Value::from(self.resolve(argument, at)?.as_array()?.len())),
            _ => {
                self.problem(at, format!("the local agent cannot resolve `{name}` in this form"));
                None
            }
        }
    }

    pub(super) fn text_of(&self, value: &Value, at: &str) -> Option<String> {
        text(&self.resolve(value, at)?).or_else(|| {
            self.problem(at, "this should be text");
            None
        })
    }

    fn join(&self, separator: &str, items: &Value, at: &str) -> Option<Value> {
        let items = self.resolve(items, at)?;
        let parts: Option<Vec<String>> = items.as_array()?.iter().map(text).collect();
        parts.map(|parts| Value::String(parts.join(separator))).or_else(|| {
            self.problem(at, "`Fn::Join` can only join texts");
            None
        })
    }

    fn select(&self, index: &Value, items: &Value, at: &str) -> Option<Value> {
        let items = self.resolve(items, at)?;
        let index = self.text_of(index, at)?;
        let chosen = index.parse::<usize>().ok().and_then(|index| items.as_array()?.get(index).cloned());
        chosen.or_else(|| {
            self.problem(at, format!("`Fn::Select` finds no item `{index}`"));
            None
        })
    }

    fn find_in_map(&self, keys: [&Value; 3], fallback: Option<&Value>, at: &str) -> Option<Value> {
        let [map, first, second] = keys.map(|key| self.text_of(key, at));
        let (map, first, second) = (map?, first?, second?);
        if let Some(found) = self.document.get(&["Mappings", &map, &first, &second]) {
            return Some(found.clone());
        }
        if let Some(default) = fallback.and_then(|options| options.get("DefaultValue")) {
            return self.resolve(default, at);
        }
        self.problem(at, format!("`Mappings.{map}.{first}.{second}` does not exist"));
        None
    }
}
