//! Gate 9, once: names the effect, so that a ledger can commit it together with its record.

use serde_json::{Map, Number, Value};
use sha2::{Digest, Sha256};

use super::Passage;
use crate::{
    cx::OnceKey,
    entry::Once,
    error::ToolError,
    schema::shape::{Object, Shape},
};

pub(super) fn enter<S>(passage: &mut Passage<S>) -> Result<(), ToolError> {
    let Some(once) = &passage.entry.once else { return Ok(()) };
    let shape = &passage.entry.shape;
    let input = canonical(&passage.arguments, shape);
    let own = passage.ready.as_ref().and_then(|ready| ready.once_by(&passage.cx));
    let (scope, effect, input) = match own {
        // the tool's own key may meet another input, which is then no repeat
        Some(key) => ("own key".to_owned(), key, input),
        None => {
            let effect = effect(once, &passage.arguments, shape, &input);
            (scope(passage)?, effect.clone(), effect)
        }
    };
    let id = format!("{}#{}", passage.entry.name, digest(&[&scope, &effect]));
    passage.cx.set_once(OnceKey::new(id, digest(&[&input]), once.ttl));
    Ok(())
}

/// A repeat's answer is the first reply, as an ordinary success.
pub(super) fn leave<S>(passage: &mut Passage<S>, outcome: Result<Value, ToolError>) -> Result<Value, ToolError> {
    let once = passage.entry.once.is_some();
    match outcome {
        Err(mut error) if once => match error.take_replay() {
            Some(reply) => {
                passage.replayed = true;
                Ok(reply)
            }
            None => Err(error),
        },
        Ok(output) => {
            if once && passage.cx.once_key().is_none_or(|key| !key.is_committed()) {
                tracing::error!(
                    tool = passage.entry.name,
                    "a `.once()` tool returned without a commit: a repeat would run again"
                );
            }
            Ok(output)
        }
        Err(error) => Err(error),
    }
}

/// Whose repeat it would be. Identity is part of a session's scope too: another customer under the same session id must
/// not get this one's reply.
fn scope<S>(passage: &Passage<S>) -> Result<String, ToolError> {
    let session = passage.cx.session_id().map(|id| {
        // an id is only as unique as the agent that it belongs to
        let agent = passage.cx.agent().map_or("", |agent| agent.id.as_str());
        format!("session {agent:?} {id:?}")
    });
    let identity = passage.cx.caller().scope().map(|identity| format!("identity {identity}"));
    match (session, identity) {
        (None, None) => Err(ToolError::refused(
            "this call has an effect that must happen once, and it came without a session or an identity to tell a repeat by",
        )),
        (session, identity) => Ok(session.into_iter().chain(identity).collect::<Vec<_>>().join(" ")),
    }
}

/// The fields that identify the effect, in one spelling.
fn effect(once: &Once, arguments: &Map<String, Value>, shape: &Object, input: &str) -> String {
    match &once.key {
        None => input.to_owned(),
        Some(fields) => {
            let chosen = fields.iter().filter_map(|field| Some((field.clone(), arguments.get(field)?.clone())));
            canonical(&chosen.collect(), shape)
        }
    }
}

/// JSON with sorted members and numbers in one spelling: where the input takes a number, `"129.95"`, `129.950` and
/// `129.95` are one amount.
fn canonical(arguments: &Map<String, Value>, shape: &Object) -> String {
    let mut text = String::new();
    put_object(arguments, Some(shape), &mut text);
    text
}

fn put(value: &Value, shape: Option<&Shape>, text: &mut String) {
    match value {
        Value::Object(members) => put_object(members, shape.and_then(|shape| shape.object.as_ref()), text),
        Value::Array(items) => {
            let shape = shape.and_then(|shape| shape.list.as_ref()?.items.as_deref());
            text.push('[');
            for item in items {
                put(item, shape, text);
                text.push(',');
            }
            text.push(']');
        }
        // a version or an id may look like a number, and `1.10` is not `1.1` then
        Value::String(string) if shape.is_some_and(Shape::takes_numbers) => quote(&plain_number(string), text),
        Value::String(string) => quote(string, text),
        Value::Number(number) => quote(&number_text(number), text),
        other => text.push_str(&other.to_string()),
    }
}

fn put_object(members: &Map<String, Value>, shape: Option<&Object>, text: &mut String) {
    let mut sorted: Vec<_> = members.iter().collect();
    sorted.sort_unstable_by_key(|(name, _)| *name);
    text.push('{');
    for (name, member) in sorted {
        quote(name, text);
        text.push(':');
        put(member, shape.and_then(|shape| shape.fields.get(name)).map(|field| &field.shape), text);
        text.push(',');
    }
    text.push('}');
}

fn quote(string: &str, text: &mut String) {
    text.push_str(&Value::from(string).to_string());
}

/// A number in decimal digits: `5`, not `5.0` and not `5e0`.
fn number_text(number: &Number) -> String {
    match number.as_f64() {
        // adding zero makes `-0` a `0`
        Some(float) if number.is_f64() => (float + 0.0).to_string(),
        _ => number.to_string(),
    }
}

/// Text that is a decimal number, without a sign `+`, leading zeros or trailing zeros; any other text as it is.
fn plain_number(text: &str) -> String {
    let trimmed = text.trim();
    let (minus, unsigned) = match trimmed.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", trimmed.strip_prefix('+').unwrap_or(trimmed)),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let mut digits = whole.bytes().chain(fraction.bytes()).peekable();
    if digits.peek().is_none() || !digits.all(|byte| byte.is_ascii_digit()) {
        return text.to_owned();
    }
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    match (whole, fraction) {
        ("", "") => "0".to_owned(),
        (whole, "") => format!("{minus}{whole}"),
        ("", fraction) => format!("{minus}0.{fraction}"),
        (whole, fraction) => format!("{minus}{whole}.{fraction}"),
    }
}

/// 64 hex digits over parts, each with its length, so that no two lists of parts collide.
fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
