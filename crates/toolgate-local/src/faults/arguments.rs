//! Mutates the arguments of a call through the gateway into forms that models and clients send. Their meaning stays the
//! same.

use serde_json::{Map, Value};

use super::{event::Done, seeded_rng::SeededRng, values};

/// Mutates the arguments for a tool as CloudFormation writes it. Arguments that a policy engine has checked keep their
/// types, because others are denied before they reach a function. Returns a description of each mutation, without values.
pub(super) fn mutate(
    arguments: &mut Map<String, Value>,
    definition: &Value,
    is_checked: bool,
    seeded_rng: SeededRng,
) -> Vec<String> {
    let mut done = Done::default();
    let properties = definition.pointer("/InputSchema/Properties").and_then(Value::as_object);
    let required = definition.pointer("/InputSchema/Required").and_then(Value::as_array);
    let is_required = |name: &str| required.is_some_and(|names| names.iter().any(|other| other == name));
    for (name, schema) in properties.into_iter().flatten() {
        let seeded_rng = seeded_rng.of(name);
        let kind = schema.get("Type").and_then(Value::as_str).unwrap_or_default();
        match arguments.get_mut(name) {
            None if !is_required(name) && seeded_rng.of("empty").one_in(3) => {
                arguments.insert(name.clone(), Value::Null);
                done.times("empty value", 1);
            }
            Some(value) if !is_checked && matches!(kind, "boolean" | "integer" | "number") && !value.is_string() => {
                if let Some((text, what)) = values::mutate(kind, &value.to_string(), seeded_rng) {
                    *value = Value::String(text);
                    done.times(what, 1);
                }
            }
            _ => {}
        }
    }
    if arguments.len() > 1 && seeded_rng.of("order").one_in(2) {
        let mut members: Vec<(String, Value)> = std::mem::take(arguments).into_iter().collect();
        seeded_rng.of("order").shuffle(&mut members);
        arguments.extend(members);
        done.times("order of members", 1);
    }
    done.words()
}
