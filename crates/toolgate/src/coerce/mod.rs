//! Converts values to the types in the tool's schema. The types that an event declares are ignored.
//!
//! Bedrock Agents sends every value as text, and sends lists and objects in a form that is not JSON. Other callers send
//! typed values, and sometimes text. One coercion serves all wires. They differ only in what counts as absent
//! ([`Absence`]).

mod number;
mod show;
mod structure;
mod text;

use serde_json::{Map, Value};

pub(crate) use show::{is_shown, looks_like_card, name as show_name, value as show};

use crate::{
    error::Problem,
    schema::compiled::{CompiledSchema, Object, Rules},
};

/// Maximum number of problems in one reply. A hostile call may have a hundred thousand.
pub(crate) const MAX_REPORTED: usize = 20;

/// Maximum depth of lists and objects in a value without a schema of its own. A stored input must be readable again,
/// and JSON readers stop at 128 levels. This limit leaves room for the levels around the value.
pub(crate) const MAX_DEPTH: usize = 32;

/// How a caller sends an absent value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Absence {
    /// The caller sends text only, or the output of Java's `toString`, so `""` and `"null"` cannot be told from an
    /// absent value. A field with one of these values counts as absent.
    AsText,
    /// The caller sends JSON: only `null` counts as absent. A policy in front of the tool reads the input the same way.
    #[default]
    AsNull,
}

/// The current position in the input, and the problems so far. The recursion is bounded by the schema, not by the
/// value.
#[derive(Default)]
pub(crate) struct Coercion {
    path: String,
    problems: Vec<Problem>,
    count: usize,
    absence: Absence,
}

impl Coercion {
    pub(crate) fn new(absence: Absence) -> Self {
        Self { absence, ..Self::default() }
    }

    /// A new coercion at the same position, for one attempt.
    fn attempt(&self) -> Self {
        Self { path: self.path.clone(), ..Self::new(self.absence) }
    }

    /// The number of problems.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The first problems, up to [`MAX_REPORTED`].
    pub(crate) fn into_problems(self) -> Vec<Problem> {
        self.problems
    }

    /// Records a problem at the current position: what was expected and what was received.
    fn note(&mut self, problem: impl FnOnce() -> (String, String)) {
        self.count += 1;
        if self.problems.len() < MAX_REPORTED {
            let (expected, got) = problem();
            self.problems.push(Problem::new(self.path.clone(), expected, got));
        }
    }

    fn wrong(&mut self, shape: &CompiledSchema, got: impl FnOnce() -> String) {
        self.note(|| (shape.expected.clone(), got()));
    }

    /// Adds the problems of another coercion.
    fn extend(&mut self, other: Self) {
        self.count += other.count;
        self.problems.extend(other.problems);
        self.problems.truncate(MAX_REPORTED);
    }

    /// Runs `inner` on text in the format of Java's `toString`.
    fn as_text<T>(&mut self, inner: impl FnOnce(&mut Self) -> T) -> T {
        let absence = std::mem::replace(&mut self.absence, Absence::AsText);
        let result = inner(self);
        self.absence = absence;
        result
    }

    /// Whether a value counts as absent.
    fn is_absent(&self, value: &Value) -> bool {
        match value {
            Value::Null => true,
            Value::String(text) => self.absence == Absence::AsText && (text.is_empty() || text == "null"),
            _ => false,
        }
    }

    /// Runs `inner` one level deeper, at `path` + `suffix`.
    fn at<T>(&mut self, suffix: &str, inner: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        let dot = !self.path.is_empty() && !suffix.starts_with('[');
        self.path.push_str(if dot { "." } else { "" });
        self.path.push_str(suffix);
        let result = inner(self);
        self.path.truncate(length);
        result
    }
}

/// Converts the arguments of a call: known members are converted, unknown ones and missing ones are problems.
pub(crate) fn converted(
    shape: &Object,
    mut arguments: Map<String, Value>,
    coercion: &mut Coercion,
) -> Map<String, Value> {
    // equal calls get equal replies, in whatever order the model wrote the members
    arguments.sort_keys();
    arguments.values_mut().for_each(Value::sort_all_objects);
    structure::arguments(shape, arguments, coercion)
}

/// Converts one value. Returns `None` after it has recorded a problem.
pub(crate) fn value(shape: &CompiledSchema, value: Value, coercion: &mut Coercion) -> Option<Value> {
    if !shape.any_of.is_empty() {
        return alternative(shape, value, coercion);
    }
    let before = coercion.count;
    let wrong = match convert(shape, value, coercion) {
        Ok(read) if holds(shape, &read) => return Some(read),
        Ok(read) => read,
        Err(original) => original,
    };
    // problems inside a list or an object are already recorded
    if coercion.count == before {
        coercion.wrong(shape, || show(&wrong, shape.secret));
    }
    None
}

/// Converts the value to a type of the schema, or returns the value unchanged as the error.
fn convert(shape: &CompiledSchema, value: Value, coercion: &mut Coercion) -> Result<Value, Value> {
    let is_container = shape.list.is_some() || shape.object.is_some();
    match value {
        _ if shape.any => shallow(value, coercion),
        Value::Null if shape.null => Ok(value),
        Value::String(_) if shape.text => Ok(value),
        Value::String(text) => from_text(shape, &text, coercion).ok_or(Value::String(text)),
        Value::Bool(_) if shape.boolean => Ok(value),
        Value::Bool(_) if shape.text => Ok(Value::String(value.to_string())),
        Value::Number(number) => number::native(shape, &number).ok_or(Value::Number(number)),
        Value::Array(items) if is_container => {
            structure::native_list(shape, items, coercion).ok_or(Value::Array(Vec::new()))
        }
        Value::Object(members) if shape.object.is_some() => {
            structure::object(shape, members, coercion).ok_or(Value::Object(serde_json::Map::new()))
        }
        other => Err(other),
    }
}

/// Accepts any value that is not nested too deeply.
fn shallow(value: Value, coercion: &mut Coercion) -> Result<Value, Value> {
    if is_deeper(&value, MAX_DEPTH) {
        coercion.note(|| (format!("at most {MAX_DEPTH} levels of lists and objects"), "more levels".to_owned()));
        return Err(value);
    }
    Ok(value)
}

/// Whether a value has more than `levels` levels of lists and objects. It looks no deeper than that.
fn is_deeper(value: &Value, levels: usize) -> bool {
    match (value, levels.checked_sub(1)) {
        (Value::Array(_) | Value::Object(_), None) => true,
        (Value::Array(items), Some(left)) => items.iter().any(|item| is_deeper(item, left)),
        (Value::Object(members), Some(left)) => members.values().any(|member| is_deeper(member, left)),
        _ => false,
    }
}

/// Converts text to another type of the schema.
fn from_text(shape: &CompiledSchema, text: &str, coercion: &mut Coercion) -> Option<Value> {
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
    if shape.null && text == "null" && coercion.absence == Absence::AsText {
        return Some(Value::Null);
    }
    structure::from_text(shape, text, coercion)
}

/// The first alternative that fits. Otherwise it records the problems of the nearest alternative if they are inside of
/// the value, or else one problem for all alternatives.
fn alternative(shape: &CompiledSchema, original: Value, coercion: &mut Coercion) -> Option<Value> {
    if shape.null && original.is_null() {
        return Some(original);
    }
    if shape.one_of.as_ref().is_some_and(|named| named.contains(&original)) {
        return Some(original);
    }
    let mut nearest: Option<Coercion> = None;
    for option in &shape.any_of {
        let mut attempt = coercion.attempt();
        if let Some(read) = value(option, original.clone(), &mut attempt) {
            return Some(read);
        }
        let inside = attempt.problems.iter().all(|problem| problem.path.len() > coercion.path.len());
        if inside && nearest.as_ref().is_none_or(|nearest| attempt.count < nearest.count) {
            nearest = Some(attempt);
        }
    }
    match nearest {
        Some(attempt) if !shape.secret => coercion.extend(attempt),
        _ => coercion.wrong(shape, || show(&original, shape.secret)),
    }
    None
}

/// Whether a value of the right type is within the schema's limits.
fn holds(shape: &CompiledSchema, value: &Value) -> bool {
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
