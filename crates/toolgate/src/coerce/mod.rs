//! Values become what the tool's schema says they are. The type that an event claims plays no part.
//!
//! Bedrock Agents sends every value as text, lists and objects not even as JSON; other callers send real types and
//! sometimes text all the same. One reading serves all wires.

mod number;
mod show;
mod structure;
mod text;

use serde_json::Value;

pub(crate) use show::{is_shown, looks_like_card, name as show_name, value as show};
pub(crate) use structure::arguments;

use crate::{
    error::Problem,
    schema::shape::{Rules, Shape},
};

/// How deep values may nest; hostile text must not exhaust the stack.
const DEPTH: usize = 32;

/// Where in the input we are, and what was wrong so far.
pub(crate) struct Reading {
    path: String,
    depth: usize,
    pub(crate) problems: Vec<Problem>,
}

impl Reading {
    pub(crate) fn new() -> Self {
        Self { path: String::new(), depth: 0, problems: Vec::new() }
    }

    fn wrong(&mut self, shape: &Shape, got: String) {
        self.problems.push(Problem::new(self.path.clone(), shape.expected.clone(), got));
    }

    /// Runs `inner` one level deeper, at `path` + `suffix`.
    fn at<T>(&mut self, suffix: &str, inner: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        let dot = !self.path.is_empty() && !suffix.starts_with('[');
        self.path.push_str(if dot { "." } else { "" });
        self.path.push_str(suffix);
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        self.path.truncate(length);
        result
    }
}

/// Missing, `""` and `"null"` all mean that the model had nothing to say.
pub(crate) fn is_absent(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty() || text == "null",
        _ => false,
    }
}

/// Reads one value; `None` after a problem was noted.
pub(crate) fn value(shape: &Shape, value: Value, reading: &mut Reading) -> Option<Value> {
    if reading.depth > DEPTH {
        reading.wrong(shape, format!("something nested more than {DEPTH} levels deep"));
        return None;
    }
    if !shape.any_of.is_empty() {
        return alternative(shape, value, reading);
    }
    let before = reading.problems.len();
    let wrong = match convert(shape, value, reading) {
        Ok(read) if holds(shape, &read) => return Some(read),
        Ok(read) => read,
        Err(original) => original,
    };
    // what is wrong inside a list or an object has been noted there
    if reading.problems.len() == before {
        reading.wrong(shape, show(&wrong, shape.secret));
    }
    None
}

/// The value in a type that the shape knows, or the value as it was.
fn convert(shape: &Shape, value: Value, reading: &mut Reading) -> Result<Value, Value> {
    let is_container = shape.list.is_some() || shape.object.is_some();
    match value {
        _ if shape.any => Ok(value),
        Value::Null if shape.null => Ok(value),
        Value::String(_) if shape.text => Ok(value),
        Value::String(text) => from_text(shape, &text, reading).ok_or(Value::String(text)),
        Value::Bool(_) if shape.boolean => Ok(value),
        Value::Bool(_) if shape.text => Ok(Value::String(value.to_string())),
        Value::Number(number) => number::native(shape, &number).ok_or(Value::Number(number)),
        Value::Array(items) if is_container => {
            structure::native_list(shape, items, reading).ok_or(Value::Array(Vec::new()))
        }
        Value::Object(members) if shape.object.is_some() => {
            structure::object(shape, members, reading).ok_or(Value::Object(serde_json::Map::new()))
        }
        other => Err(other),
    }
}

/// Text for a shape that would rather see something else.
fn from_text(shape: &Shape, text: &str, reading: &mut Reading) -> Option<Value> {
    if shape.integer
        && let Some(number) = number::integer(text)
    {
        return Some(Value::Number(number));
    }
    if shape.number
        && let Some(number) = number::number(text)
    {
        return Some(Value::Number(number));
    }
    if shape.boolean {
        match text.trim() {
            word if word.eq_ignore_ascii_case("true") => return Some(Value::Bool(true)),
            word if word.eq_ignore_ascii_case("false") => return Some(Value::Bool(false)),
            _ => {}
        }
    }
    if shape.null && text == "null" {
        return Some(Value::Null);
    }
    structure::from_text(shape, text, reading)
}

/// The first alternative that fits. Else what is wrong with the nearest one, where something inside of the value is;
/// else one problem for all of them.
fn alternative(shape: &Shape, original: Value, reading: &mut Reading) -> Option<Value> {
    if shape.null && original.is_null() {
        return Some(original);
    }
    if shape.one_of.as_ref().is_some_and(|named| named.contains(&original)) {
        return Some(original);
    }
    let mut nearest: Option<Vec<Problem>> = None;
    for option in &shape.any_of {
        let mut attempt = Reading { path: reading.path.clone(), depth: reading.depth + 1, problems: Vec::new() };
        if let Some(read) = value(option, original.clone(), &mut attempt) {
            return Some(read);
        }
        let inside = attempt.problems.iter().all(|problem| problem.path.len() > reading.path.len());
        if inside && nearest.as_ref().is_none_or(|nearest| attempt.problems.len() < nearest.len()) {
            nearest = Some(attempt.problems);
        }
    }
    match nearest {
        Some(problems) if !shape.secret => reading.problems.extend(problems),
        _ => reading.wrong(shape, show(&original, shape.secret)),
    }
    None
}

/// Whether a value of the right type keeps the schema's limits.
fn holds(shape: &Shape, value: &Value) -> bool {
    if let Some(named) = &shape.one_of
        && !named.contains(value)
        && !(shape.null && value.is_null())
    {
        return false;
    }
    let Rules { minimum, maximum, min_length, max_length, pattern, email } = &shape.rules;
    match value {
        Value::Number(number) => number.as_f64().is_none_or(|n| {
            minimum.is_none_or(|(low, open)| if open { n > low } else { n >= low })
                && maximum.is_none_or(|(high, open)| if open { n < high } else { n <= high })
        }),
        Value::String(text) => {
            let length = || text.chars().count();
            min_length.is_none_or(|min| length() >= min)
                && max_length.is_none_or(|max| length() <= max)
                && pattern.as_ref().is_none_or(|pattern| pattern.is_match(text))
                && (!email || validator::ValidateEmail::validate_email(text))
        }
        Value::Array(items) => shape.list.as_ref().is_none_or(|list| {
            list.min.is_none_or(|min| items.len() >= min) && list.max.is_none_or(|max| items.len() <= max)
        }),
        _ => true,
    }
}
