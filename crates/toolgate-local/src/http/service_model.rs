//! Validates JSON against the shapes of the service's model, with the service's error texts.
//!
//! The SDKs check types, required members and minimums. They leave maxima, patterns and enums to the server. A message
//! never repeats a value, because values may be personal data.

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use serde_json::{Map, Value};

/// Maximum number of problems in one message.
const MAX_LISTED: usize = 10;

/// The shape that a value must have.
pub(crate) enum ServiceModel {
    Text {
        least: usize,
        most: usize,
        pattern: Option<Pattern>,
    },
    Flag,
    /// An integer of at least this value.
    Whole(i64),
    /// A number from 0 to this value.
    Number(f64),
    /// Base64 of at least 1 and at most this many bytes.
    Blob(usize),
    Choice(&'static [&'static str]),
    List {
        least: usize,
        most: usize,
        of: &'static ServiceModel,
    },
    Map(&'static ServiceModel),
    /// An object. Members that are not listed are ignored, as the service does.
    Fields(&'static [Member]),
    /// An object with exactly one of these members.
    Union(&'static [Member]),
    /// Any object.
    Object,
    /// Any JSON.
    Anything,
}

/// A pattern: its text in the service's messages, and the function that checks it.
#[derive(Clone, Copy)]
pub(crate) struct Pattern {
    pub(crate) text: &'static str,
    pub(crate) holds: fn(&str) -> bool,
}

pub(crate) struct Member {
    name: &'static str,
    required: bool,
    shape: &'static ServiceModel,
}

pub(crate) const fn optional(name: &'static str, shape: &'static ServiceModel) -> Member {
    Member { name, required: false, shape }
}

pub(crate) const fn required(name: &'static str, shape: &'static ServiceModel) -> Member {
    Member { name, required: true, shape }
}

/// All problems of a request.
#[derive(Debug, Default)]
pub(crate) struct Problems(Vec<FieldProblem>);

/// A problem of one field.
#[derive(Debug, Clone)]
pub(crate) struct FieldProblem {
    /// The field's path.
    pub(crate) field: String,
    /// The constraint that it does not satisfy.
    pub(crate) constraint: String,
}

/// A request that is not valid. Its text is the service's message.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Invalid {
    message: String,
    /// At most ten problems.
    pub(crate) fields: Vec<FieldProblem>,
}

impl Problems {
    /// Validates text from outside of the body (a path, a query, a header) against its shape.
    pub(crate) fn check_text(&mut self, name: &str, text: &str, shape: &ServiceModel) {
        if let ServiceModel::Text { least, most, pattern } = shape {
            self.text(name, text, (*least, *most), *pattern);
        }
    }

    /// Validates a member against its shape. `null` counts as a missing member.
    pub(crate) fn check(&mut self, at: &str, value: &Value, shape: &ServiceModel) {
        match (shape, value) {
            (ServiceModel::Text { least, most, pattern }, Value::String(text)) => {
                self.text(at, text, (*least, *most), *pattern);
            }
            (ServiceModel::Flag, Value::Bool(_))
            | (ServiceModel::Object, Value::Object(_))
            | (ServiceModel::Anything, _) => {}
            (ServiceModel::Whole(least), value) => match value.as_i64().and_then(|whole| i32::try_from(whole).ok()) {
                Some(whole) if i64::from(whole) >= *least => {}
                Some(_) => self.add(at, &format!("Member must have value greater than or equal to {least}")),
                None => self.add(at, "Member must be an integer"),
            },
            (ServiceModel::Number(most), Value::Number(number)) => {
                let number = number.as_f64().unwrap_or(f64::NAN);
                if !(0.0..=*most).contains(&number) {
                    self.add(at, &format!("Member must have value between 0 and {most}, inclusive"));
                }
            }
            (ServiceModel::Blob(most), Value::String(text)) => match BASE64.decode(text) {
                Ok(bytes) => self.length(at, bytes.len(), 1, *most),
                Err(_) => self.add(at, "Member must be base64"),
            },
            (ServiceModel::Choice(choices), Value::String(text)) => {
                if !choices.contains(&text.as_str()) {
                    self.add(at, &format!("Member must satisfy enum value set: [{}]", choices.join(", ")));
                }
            }
            (ServiceModel::List { least, most, of }, Value::Array(items)) => {
                self.length(at, items.len(), *least, *most);
                for (index, item) in items.iter().enumerate() {
                    self.element(&format!("{at}.{}.member", index + 1), item, of);
                }
            }
            (ServiceModel::Map(of), Value::Object(entries)) => {
                for (name, value) in entries {
                    // The keys are chosen by the caller.
                    let at = if name.len() > 100 { format!("{at}.…") } else { format!("{at}.{name}") };
                    self.element(&format!("{at}.member"), value, of);
                }
            }
            (ServiceModel::Fields(members), Value::Object(object)) => self.members(at, object, members),
            (ServiceModel::Union(members), Value::Object(object)) => self.union(at, object, members),
            (shape, _) => self.add(at, &format!("Member must be {}", shape.kind())),
        }
    }

    /// Adds a problem that another check found.
    pub(crate) fn add(&mut self, at: &str, constraint: &str) {
        self.0.push(FieldProblem { field: at.to_owned(), constraint: constraint.to_owned() });
    }

    /// # Errors
    /// A validation error with all problems, in the service's wording.
    pub(crate) fn finish(mut self) -> Result<(), Invalid> {
        let count = self.0.len();
        if count == 0 {
            return Ok(());
        }
        let errors = if count == 1 { "error" } else { "errors" };
        self.0.truncate(MAX_LISTED);
        let text = |FieldProblem { field, constraint }: &FieldProblem| {
            format!("Value at '{field}' failed to satisfy constraint: {constraint}")
        };
        let listed: Vec<String> = self.0.iter().map(text).collect();
        let message = format!("{count} validation {errors} detected: {}", listed.join("; "));
        Err(Invalid { message, fields: self.0 })
    }

    fn members(&mut self, at: &str, object: &Map<String, Value>, members: &[Member]) {
        for member in members {
            let at = join(at, member.name);
            match present(object, member.name) {
                Some(value) => self.check(&at, value, member.shape),
                None if member.required => self.add(&at, "Member must not be null"),
                None => {}
            }
        }
    }

    fn union(&mut self, at: &str, object: &Map<String, Value>, members: &[Member]) {
        let given: Vec<&Member> = members.iter().filter(|member| present(object, member.name).is_some()).collect();
        if given.len() != 1 {
            let names: Vec<&str> = members.iter().map(|member| member.name).collect();
            self.add(at, &format!("Member must have exactly one of: [{}]", names.join(", ")));
        }
        self.members(at, object, members);
    }

    fn element(&mut self, at: &str, value: &Value, shape: &ServiceModel) {
        if value.is_null() {
            self.add(at, "Member must not be null");
        } else {
            self.check(at, value, shape);
        }
    }

    fn text(&mut self, at: &str, text: &str, (least, most): (usize, usize), pattern: Option<Pattern>) {
        self.length(at, text.chars().count(), least, most);
        if let Some(pattern) = pattern.filter(|pattern| !(pattern.holds)(text)) {
            self.add(at, &format!("Member must satisfy regular expression pattern: {}", pattern.text));
        }
    }

    fn length(&mut self, at: &str, length: usize, least: usize, most: usize) {
        if length < least {
            self.add(at, &format!("Member must have length greater than or equal to {least}"));
        } else if length > most {
            self.add(at, &format!("Member must have length less than or equal to {most}"));
        }
    }
}

impl ServiceModel {
    /// Removes members that the shape does not have, and members that are `null`.
    pub(crate) fn keep(&self, value: &mut Value) {
        match (self, value) {
            (Self::Fields(members) | Self::Union(members), Value::Object(object)) => {
                let shape_of =
                    |name: &str| members.iter().find(|member| member.name == name).map(|member| member.shape);
                object.retain(|name, value| !value.is_null() && shape_of(name).is_some());
                for (name, value) in object.iter_mut() {
                    if let Some(shape) = shape_of(name) {
                        shape.keep(value);
                    }
                }
            }
            (Self::List { of, .. }, Value::Array(items)) => items.iter_mut().for_each(|item| of.keep(item)),
            (Self::Map(of), Value::Object(entries)) => entries.values_mut().for_each(|value| of.keep(value)),
            _ => {}
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Text { .. } | Self::Choice(_) => "a string",
            Self::Flag => "a boolean",
            Self::Whole(_) => "an integer",
            Self::Number(_) => "a number",
            Self::Blob(_) => "a string of base64",
            Self::List { .. } => "a list",
            Self::Map(_) | Self::Fields(_) | Self::Union(_) | Self::Object => "an object",
            Self::Anything => "JSON",
        }
    }
}

fn present<'v>(object: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    object.get(name).filter(|value| !value.is_null())
}

fn join(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") }
}
