//! Words for the constraints that AWS's schema dialects cannot express: `expected` texts, and descriptions with
//! constraints.

use serde_json::{Map, Value};

/// A schema's single type, out of the types that AWS supports: the first that is not `null`. Alternatives have the type
/// of their first member. A schema that allows only `null` counts as text.
pub(crate) fn kind(schema: &Value) -> &str {
    let known = |kind: &&str| *kind != "null";
    match schema.get("type") {
        Some(Value::String(kind)) => Some(kind.as_str()).filter(known).unwrap_or("string"),
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).find(known).unwrap_or("string"),
        _ => alternatives(schema).find(|schema| !is_null(schema)).map_or_else(
            || match schema.get("properties") {
                Some(_) => "object",
                None => "string",
            },
            kind,
        ),
    }
}

fn is_null(schema: &Value) -> bool {
    schema.get("type").and_then(Value::as_str) == Some("null")
}

/// The schema that has `properties` and `items`: the schema itself, or its first alternative that is not `null`.
pub(crate) fn inner(schema: &Value) -> &Value {
    match schema.get("type") {
        Some(_) => schema,
        None => alternatives(schema).find(|schema| !is_null(schema)).unwrap_or(schema),
    }
}

/// The members of `anyOf` or `oneOf`.
pub(crate) fn alternatives(schema: &Value) -> impl Iterator<Item = &Value> {
    let list = schema.get("anyOf").or_else(|| schema.get("oneOf"));
    list.and_then(Value::as_array).into_iter().flatten()
}

/// The values that a schema enumerates.
fn named(schema: &Value) -> Vec<&Value> {
    if let Some(values) = schema.get("enum").and_then(Value::as_array) {
        return values.iter().collect();
    }
    if let Some(value) = schema.get("const") {
        return vec![value];
    }
    // if one alternative is not enumerated, the list of values is not complete
    let named: Option<Vec<_>> = alternatives(schema)
        .filter(|schema| !is_null(schema))
        .map(|schema| Some(named(schema)).filter(|values| !values.is_empty()))
        .collect();
    named.into_iter().flatten().flatten().collect()
}

/// Describes the expected value in a few words: `an integer from 1 to 5`, `one of low, normal, high`.
pub(crate) fn expected(schema: &Value) -> String {
    let named = named(schema);
    if !named.is_empty() {
        let names: Vec<String> = named.into_iter().filter(|value| !value.is_null()).map(plain).collect();
        return match names.as_slice() {
            [only] => format!("`{only}`"),
            _ => format!("one of `{}`", names.join("`, `")),
        };
    }
    let target = inner(schema);
    let noun = match kind(schema) {
        "integer" => "an integer",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" if is_map(target) => "an object with any names",
        "object" => "an object",
        "string" if target.get("format").and_then(Value::as_str) == Some("email") => "an e-mail address",
        _ => "text",
    };
    match (noun, target.get("items")) {
        ("a list", Some(items)) => format!("{}, each {}", join(noun.to_owned(), constraints(target)), expected(items)),
        _ => join(noun.to_owned(), constraints(target)),
    }
}

/// Whether the caller chooses the names of an object's members.
fn is_map(schema: &Value) -> bool {
    schema.get("additionalProperties").is_some_and(|others| *others != Value::Bool(false))
        || schema.get("patternProperties").is_some()
}

/// Describes the members of an object, or of the objects in a list, for a dialect without nesting.
pub(super) fn members(schema: &Value) -> Option<String> {
    let target = inner(schema);
    if let Some(items) = target.get("items") {
        return members(items);
    }
    let required: Vec<&Value> = target.get("required").and_then(Value::as_array).into_iter().flatten().collect();
    let member = |(name, schema): (&String, &Value)| {
        let optional = if required.iter().any(|required| *required == name) { "" } else { ", optional" };
        let inside = members(schema).map(|members| format!(" ({members})")).unwrap_or_default();
        format!("`{name}`: {}{inside}{optional}", expected(schema))
    };
    let fields = target.get("properties").and_then(Value::as_object).filter(|fields| !fields.is_empty())?;
    Some(fields.iter().map(member).collect::<Vec<_>>().join("; "))
}

/// Describes the limits of a schema.
fn constraints(schema: &Value) -> Vec<String> {
    let Some(map) = schema.as_object() else { return Vec::new() };
    let mut words = Vec::new();
    range(map, &mut words);
    match map.get("multipleOf").map(Value::to_string).as_deref() {
        None => {}
        Some(step) => match step.strip_prefix("0.").and_then(|places| places.strip_suffix('1')) {
            Some(zeros) if zeros.bytes().all(|byte| byte == b'0') => {
                words.push(format!("with at most {} decimal places", zeros.len() + 1));
            }
            _ => words.push(format!("in steps of {step}")),
        },
    }
    size(map, ["minLength", "maxLength"], "characters", &mut words);
    size(map, ["minItems", "maxItems"], "items", &mut words);
    // for a number that may also come as text, the pattern adds no information
    if let Some(pattern) = map.get("pattern").and_then(Value::as_str).filter(|_| kind(schema) == "string") {
        words.push(format!("matching `{pattern}`"));
    }
    match map.get("format").and_then(Value::as_str) {
        Some("date") => words.push("as YYYY-MM-DD".into()),
        Some("date-time") => words.push("as an RFC 3339 instant".into()),
        Some("uri") => words.push("as a URL".into()),
        _ => {}
    }
    words
}

fn range(map: &Map<String, Value>, words: &mut Vec<String>) {
    let get = |name: &str| map.get(name).filter(|value| value.is_number()).map(plain);
    match (get("minimum"), get("maximum")) {
        (Some(low), Some(high)) => words.push(format!("from {low} to {high}")),
        (Some(low), None) => words.push(format!("{low} or more")),
        (None, Some(high)) => words.push(format!("{high} or less")),
        (None, None) => {}
    }
    words.extend(get("exclusiveMinimum").map(|low| format!("more than {low}")));
    words.extend(get("exclusiveMaximum").map(|high| format!("less than {high}")));
}

fn size(map: &Map<String, Value>, [min, max]: [&str; 2], unit: &str, words: &mut Vec<String>) {
    let get = |name: &str| map.get(name).and_then(Value::as_u64);
    match (get(min).filter(|min| *min > 0), get(max)) {
        (Some(low), Some(high)) => words.push(format!("of {low} to {high} {unit}")),
        (Some(low), None) => words.push(format!("of {low} {unit} or more")),
        (None, Some(high)) => words.push(format!("of at most {high} {unit}")),
        (None, None) => {}
    }
}

fn join(noun: String, words: Vec<String>) -> String {
    match words.is_empty() {
        true => noun,
        false => format!("{noun} {}", words.join(", ")),
    }
}

/// A number or text in the usual spelling: `5`, not `5.0`.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => {
            let text = other.to_string();
            text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
        }
    }
}

/// A description that includes the constraints which the dialect's own keywords cannot express. It has at most `limit`
/// characters. The constraints are never truncated.
pub(super) fn description(schema: &Value, limit: usize) -> String {
    let own = schema.get("description").and_then(Value::as_str).unwrap_or_default().trim().replace('\n', " ");
    let bare = ["text", "an integer", "a number", "true or false", "a list", "an object"];
    let expected = expected(schema);
    let tail = match bare.contains(&expected.as_str()) {
        true => String::new(),
        false => format!(" ({expected})"),
    };
    let room = limit.saturating_sub(tail.chars().count());
    let text = format!("{}{tail}", cut(&own, room));
    cut(text.trim(), limit)
}

/// The first `limit` characters, with a mark where the text is truncated.
pub(super) fn cut(text: &str, limit: usize) -> String {
    match text.chars().count() > limit {
        true => text.chars().take(limit.saturating_sub(1)).chain(std::iter::once('…')).collect(),
        false => text.to_owned(),
    }
}
