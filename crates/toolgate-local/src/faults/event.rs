//! Mutates an event into forms that a careless handler does not expect. Identity, attributes and the user's input text
//! never change.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{declared::Optional, seeded_rng::SeededRng, values};

/// Mutates an event. Returns a description of each mutation, without values.
pub(super) fn mutate(event: &mut Map<String, Value>, optional: &Optional, seeded_rng: SeededRng) -> Vec<String> {
    let mut done = Done::default();
    if let Some(list) = event.get_mut("parameters").and_then(Value::as_array_mut) {
        parameters(list, &optional.parameters, seeded_rng.of("parameters"), &mut done);
    }
    let media = event.get_mut("requestBody").and_then(|body| body.get_mut("content")?.as_object_mut());
    for (media, content) in media.into_iter().flatten() {
        if let Some(list) = content.get_mut("properties").and_then(Value::as_array_mut) {
            parameters(list, &optional.body, seeded_rng.of("body").of(media), &mut done);
        }
    }
    envelope(event, seeded_rng.of("envelope"), &mut done);
    done.words()
}

fn parameters(list: &mut Vec<Value>, optional: &BTreeMap<String, String>, seeded_rng: SeededRng, done: &mut Done) {
    let before = list.len();
    list.retain(|parameter| !(is_empty(parameter) && seeded_rng.of(name(parameter)).of("leave out").one_in(2)));
    done.times("left out an empty value", before - list.len());
    for parameter in list.iter_mut() {
        let seeded_rng = seeded_rng.of(name(parameter));
        let text = |key: &str| parameter.get(key).and_then(Value::as_str);
        let (Some(kind), Some(value)) = (text("type"), text("value")) else { continue };
        if let (Some((mutated, what)), Some(parameter)) =
            (values::mutate(kind, value, seeded_rng), parameter.as_object_mut())
        {
            parameter.insert("value".to_owned(), Value::String(mutated));
            done.times(what, 1);
        }
    }
    for (missing, kind) in optional {
        let seeded_rng = seeded_rng.of(missing).of("empty");
        if list.iter().all(|parameter| name(parameter) != missing) && seeded_rng.one_in(3) {
            let empty = if seeded_rng.of("form").one_in(2) { "" } else { "null" };
            list.push(json!({"name": missing, "type": kind, "value": empty}));
            done.times("empty value", 1);
        }
    }
    if list.len() > 1 && seeded_rng.of("order").one_in(2) {
        seeded_rng.of("order").shuffle(list);
        done.times("order of parameters", 1);
    }
}

fn envelope(event: &mut Map<String, Value>, seeded_rng: SeededRng, done: &mut Done) {
    for name in ["parameters", "sessionAttributes", "promptSessionAttributes"] {
        let empty = match event.get(name) {
            Some(Value::Array(list)) => list.is_empty(),
            Some(Value::Object(map)) => map.is_empty(),
            _ => false,
        };
        // For these members an empty value and a missing member mean the same.
        if empty && seeded_rng.of(name).one_in(3) {
            event.remove(name);
            done.times("missing member", 1);
        }
    }
    if seeded_rng.of("unknown").one_in(3) {
        event.insert("invocationType".to_owned(), json!("ACTION_GROUP"));
        event.insert("knowledgeBasesConfiguration".to_owned(), json!([{"retrievalConfiguration": null}]));
        done.times("unknown member", 2);
    }
    if seeded_rng.of("agent").one_in(3)
        && let Some(agent) = event.get_mut("agent").and_then(Value::as_object_mut)
    {
        agent.insert("collaboration".to_owned(), json!({"chain": []}));
        done.times("unknown member", 1);
    }
    if seeded_rng.of("order").one_in(2) {
        let mut members: Vec<(String, Value)> = std::mem::take(event).into_iter().collect();
        seeded_rng.of("order").shuffle(&mut members);
        event.extend(members);
        done.times("order of members", 1);
    }
}

fn name(parameter: &Value) -> &str {
    parameter.get("name").and_then(Value::as_str).unwrap_or_default()
}

fn is_empty(parameter: &Value) -> bool {
    matches!(parameter.get("value").and_then(Value::as_str), Some("" | "null"))
}

/// The mutations and how often each occurred.
#[derive(Default)]
pub(super) struct Done(BTreeMap<&'static str, usize>);

impl Done {
    pub(super) fn times(&mut self, what: &'static str, times: usize) {
        if times > 0 {
            *self.0.entry(what).or_default() += times;
        }
    }

    pub(super) fn words(self) -> Vec<String> {
        let word =
            |(what, times): (&str, usize)| if times == 1 { what.to_owned() } else { format!("{what} ×{times}") };
        self.0.into_iter().map(word).collect()
    }
}
