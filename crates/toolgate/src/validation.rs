//! Problems that serde and `validator` find in an input, described by the schema and without the values in it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    coerce::{is_shown, looks_like_card, show},
    error::Problem,
    nearest::same_name,
    redact::{LONGEST_MESSAGE, serde_message},
    schema::compiled::{CompiledSchema, Object},
};

/// A problem that serde or `validator` has found. An empty message means that the schema describes it. A message may
/// repeat the value, so it is not used where the value must not be repeated.
fn problem(shape: &Object, input: &Value, path: &str, message: &str) -> Problem {
    let steps = steps(path);
    let (value, found) = find(shape, input, &steps);
    let secret = found.is_some_and(|found| found.secret);
    let got = value.map_or_else(|| "a value that is not allowed".to_owned(), |value| show(value, secret));
    let object = if steps.is_empty() { Some(shape) } else { found.and_then(|found| found.object.as_ref()) };
    let redacted = secret || value.is_some_and(|value| is_redacted(value, object, message));
    let schema = found.map(|found| found.expected.as_str()).filter(|expected| !expected.is_empty());
    let expected = match (redacted || message.is_empty() || message.chars().count() > LONGEST_MESSAGE, schema) {
        (true, schema) => schema.unwrap_or("a valid value").to_owned(),
        // serde would name the Rust type
        (false, Some(schema)) if message.starts_with("invalid value: integer") => {
            let bits: String = message.chars().rev().take_while(char::is_ascii_digit).collect();
            format!("{schema} that fits {} bits", bits.chars().rev().collect::<String>())
        }
        (false, _) => message.to_owned(),
    };
    Problem::new(path, expected, got)
}

/// Whether `message` may reveal a part of `value` that must not be repeated: a secret, or a text that is not shown
/// unchanged.
fn is_redacted(value: &Value, object: Option<&Object>, message: &str) -> bool {
    let is_secret =
        |name: &str| object.and_then(|object| object.fields.get(name)).is_some_and(|field| field.shape.secret);
    match value {
        Value::Object(members) => members.iter().any(|(name, member)| {
            let inside = object.and_then(|object| object.fields.get(name)?.shape.object.as_ref());
            (is_secret(name) && !member.is_null()) || is_redacted(member, inside, message)
        }),
        Value::Array(items) => items.iter().any(|item| is_redacted(item, None, message)),
        Value::String(text) => !is_shown(text) && (looks_like_card(text) || message.contains(text.as_str())),
        _ => false,
    }
}

/// The steps of a path such as `lines[2].quantity`.
fn steps(path: &str) -> Vec<&str> {
    path.split(['.', '[', ']']).filter(|step| !step.is_empty()).collect()
}

/// The value at a path, and its schema.
fn find<'a>(root: &'a Object, input: &'a Value, steps: &[&str]) -> (Option<&'a Value>, Option<&'a CompiledSchema>) {
    let (mut value, mut shape) = (Some(input), None::<&CompiledSchema>);
    let mut object = Some(root);
    for step in steps {
        match step.parse::<usize>() {
            Ok(at) => {
                value = value.and_then(|value| value.get(at));
                shape = shape.and_then(|shape| shape.list.as_ref()).and_then(|list| list.items.as_deref());
            }
            Err(_) => {
                value = value.and_then(|value| value.get(step));
                shape = object.and_then(|object| object.fields.get(*step)).map(|field| &field.shape);
            }
        }
        object = shape.and_then(|shape| shape.object.as_ref());
    }
    (value, shape)
}

/// The problem that serde has found, at its path.
pub(crate) fn of_serde(shape: &Object, input: &Value, error: serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let path = error.path().to_string();
    let message = error.into_inner().to_string();
    problem(shape, input, if path == "." { "" } else { &path }, serde_message(&message))
}

/// The problems that `validator` has found, one per field.
pub(crate) fn of_validator(shape: &Object, input: &Value, errors: &validator::ValidationErrors) -> Vec<Problem> {
    let mut problems = Vec::new();
    validation(errors, "", Some(shape), &mut |path, message| problems.push(problem(shape, input, path, message)));
    problems
}

/// Collects the problems that `validator` has found. It uses the Rust names of fields, so each name is looked up in the
/// schema.
fn validation(
    errors: &validator::ValidationErrors,
    at: &str,
    shape: Option<&Object>,
    note: &mut impl FnMut(&str, &str),
) {
    use validator::ValidationErrorsKind as Kind;
    let sorted: BTreeMap<_, _> = errors.errors().iter().collect();
    for (name, kind) in sorted {
        let name = shape.and_then(|shape| schema_name(name, shape)).unwrap_or(name);
        let path = match (name, at) {
            // a problem of the whole struct
            ("__all__", _) => at.to_owned(),
            (_, "") => name.to_owned(),
            _ => format!("{at}.{name}"),
        };
        let inside = shape.and_then(|shape| shape.fields.get(name)).map(|field| &field.shape);
        match kind {
            Kind::Struct(inner) => validation(inner, &path, inside.and_then(|shape| shape.object.as_ref()), note),
            Kind::List(items) => {
                let item = inside.and_then(|shape| shape.list.as_ref()?.items.as_ref()?.object.as_ref());
                items.iter().for_each(|(index, inner)| validation(inner, &format!("{path}[{index}]"), item, note));
            }
            Kind::Field(found) => {
                for error in found {
                    match (&error.message, error.code.as_ref()) {
                        (Some(message), _) => note(&path, message),
                        // the schema describes these too
                        (None, "length" | "range" | "email" | "url" | "regex" | "contains" | "required") => {
                            note(&path, "")
                        }
                        (None, code) => note(&path, &format!("a value that passes `{code}`")),
                    }
                }
            }
        }
    }
}

/// The schema's name of a Rust field: `order_id` is `orderId` in most schemas.
fn schema_name<'a>(rust_name: &str, shape: &'a Object) -> Option<&'a str> {
    shape.fields.keys().map(String::as_str).find(|name| same_name(name, rust_name))
}
