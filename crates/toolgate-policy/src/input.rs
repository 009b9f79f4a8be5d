//! Converts a call's arguments to Cedar values, by the tool's schema. A model or a client writes the arguments, so they
//! are not trusted and never repeated: problems name only fields of the schema.
//!
//! Arguments that do not match are rejected and not converted, as Cedar's own request generator does: a member that the
//! schema does not have, a field that is missing or `null`, a value of another type, an integer beyond 64 bits, a
//! number beyond `decimal`. A policy could not check such a value, so it cannot permit it.

use std::collections::BTreeMap;

use cedar_policy::RestrictedExpression;
use serde_json::{Map, Number, Value};

use crate::kind::{Field, Kind};

/// Maximum number of reported problems of a call. A list of a million wrong elements has a million problems.
const MAX_PROBLEMS: usize = 10;

/// The arguments as `context.input`.
pub(crate) fn input(kind: &Kind, arguments: &Map<String, Value>) -> Result<RestrictedExpression, Vec<String>> {
    let mut problems = Vec::new();
    let input = match kind {
        Kind::Record(fields) => record(fields, arguments, &JsonPath::Root, &mut problems),
        // A tool's schema must be an object; otherwise it cannot be called with arguments.
        other => {
            problems.push(format!("the tool's schema requires {}, but arguments are an object", other.description()));
            None
        }
    };
    input.filter(|_| problems.is_empty()).ok_or(problems)
}

/// The path of a value, in the names of the schema.
enum JsonPath<'p> {
    Root,
    Field(&'p JsonPath<'p>, &'p str),
    Element(&'p JsonPath<'p>),
}

impl JsonPath<'_> {
    fn path(&self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Field(Self::Root, name) => (*name).to_owned(),
            Self::Field(place, name) => format!("{}.{name}", place.path()),
            Self::Element(place) => format!("{}[]", place.path()),
        }
    }
}

fn value(kind: &Kind, value: &Value, place: &JsonPath<'_>, problems: &mut Vec<String>) -> Option<RestrictedExpression> {
    let converted = match (kind, value) {
        (Kind::Text, Value::String(text)) => Some(RestrictedExpression::new_string(text.clone())),
        (Kind::Bool, Value::Bool(truth)) => Some(RestrictedExpression::new_bool(*truth)),
        (Kind::Long, Value::Number(number)) => number.as_i64().map(RestrictedExpression::new_long),
        (Kind::Decimal, Value::Number(number)) => {
            let decimal = decimal(number);
            if decimal.is_none() {
                problem(problems, || format!("`{}` is beyond what a policy's decimal can hold", place.path()));
                return None;
            }
            decimal.map(RestrictedExpression::new_decimal)
        }
        (Kind::Set(kind), Value::Array(elements)) => return set(kind, elements, place, problems),
        (Kind::Record(fields), Value::Object(members)) => return record(fields, members, place, problems),
        _ => None,
    };
    if converted.is_none() {
        problem(problems, || format!("`{}` is not {}", place.path(), kind.description()));
    }
    converted
}

fn set(
    kind: &Kind,
    elements: &[Value],
    place: &JsonPath<'_>,
    problems: &mut Vec<String>,
) -> Option<RestrictedExpression> {
    let place = JsonPath::Element(place);
    let mut values = Vec::with_capacity(elements.len());
    for element in elements {
        values.push(value(kind, element, &place, problems)?);
    }
    Some(RestrictedExpression::new_set(values))
}

fn record(
    fields: &BTreeMap<String, Field>,
    members: &Map<String, Value>,
    place: &JsonPath<'_>,
    problems: &mut Vec<String>,
) -> Option<RestrictedExpression> {
    let mut values = Vec::with_capacity(fields.len());
    for (name, field) in fields {
        let place = JsonPath::Field(place, name);
        match members.get(name) {
            Some(member) => values.extend(value(&field.kind, member, &place, problems).map(|it| (name.clone(), it))),
            None if field.required => problem(problems, || format!("`{}` is missing", place.path())),
            None => {}
        }
    }
    if members.keys().any(|name| !fields.contains_key(name)) {
        problem(problems, || {
            let names: Vec<String> = fields.keys().map(|name| format!("`{name}`")).collect();
            let owner = match place {
                JsonPath::Root => "the tool".to_owned(),
                place => format!("`{}`", place.path()),
            };
            format!(
                "{owner} has no other fields than {}",
                if names.is_empty() { "none".into() } else { names.join(", ") }
            )
        });
    }
    RestrictedExpression::new_record(values).ok()
}

fn problem(problems: &mut Vec<String>, text: impl FnOnce() -> String) {
    if problems.len() < MAX_PROBLEMS {
        problems.push(text());
    }
}

/// A number with four decimal places, truncated, if Cedar can represent it.
fn decimal(number: &Number) -> Option<String> {
    // The text of the number never has the form `1e300`, and integers have all their digits.
    let text = match (number.as_i64(), number.as_u64()) {
        (Some(integer), _) => integer.to_string(),
        (_, Some(integer)) => integer.to_string(),
        _ => number.as_f64().filter(|it| it.is_finite())?.to_string(),
    };
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |digits| ("-", digits));
    let (whole, places) = digits.split_once('.').unwrap_or((digits, ""));
    let places: String = places.chars().chain("0000".chars()).take(4).collect();
    // Cedar's representation: ten-thousandths in 64 bits.
    format!("{sign}{whole}{places}").parse::<i64>().ok()?;
    Some(format!("{sign}{whole}.{places}"))
}
