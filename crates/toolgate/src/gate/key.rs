//! Keys of calls: their scope, and digests over one canonical spelling of an input.

use crate::{
    cx::Cx,
    digest::{Digest, digest},
    error::ToolError,
    schema::compiled::{CompiledSchema, Object},
};
use serde_json::{Map, Number, Value};

/// The scope of a call: the declared identity, in any session, or else the session. `None` where neither is known.
///
/// # Errors
/// `refused`, where an identity is declared but empty. Otherwise all such callers would share one scope.
pub(crate) fn scope<S>(cx: &Cx<S>) -> Result<Option<String>, ToolError> {
    cx.caller().refuse_blank()?;
    let identity = cx.caller().all();
    Ok(match identity.is_empty() {
        true => session(cx),
        false => Some(Digest::default().part("identity").members(identity.iter()).hex()),
    })
}

/// 64 hex digits for the session, where there is one. A session id is unique only within its agent, so the digest
/// includes the agent's id.
pub(crate) fn session<S>(cx: &Cx<S>) -> Option<String> {
    let agent = cx.agent().map_or("", |agent| agent.id.as_str());
    cx.session_id().map(|id| digest(&["session", agent, id]))
}

/// JSON with sorted members and one spelling per number. Where the input takes a number, `"129.95"`, `129.950` and
/// `129.95` are one amount.
pub(crate) fn canonical(arguments: &Map<String, Value>, shape: &Object) -> String {
    let mut text = String::new();
    put_object(arguments, Some(shape), &mut text);
    text
}
fn put(value: &Value, shape: Option<&CompiledSchema>, text: &mut String) {
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
        // other text is kept: in a version or an id, `1.10` is not `1.1`
        Value::String(string) if shape.is_some_and(CompiledSchema::takes_numbers) => quote(&plain_number(string), text),
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

/// A number in decimal digits: `5`, not `5.0` or `5e0`.
fn number_text(number: &Number) -> String {
    match number.as_f64() {
        // adding zero makes `-0` a `0`
        Some(float) if number.is_f64() => (float + 0.0).to_string(),
        _ => number.to_string(),
    }
}

/// Text that is a decimal number, without a `+` sign, leading zeros and trailing zeros. Other text is returned
/// unchanged.
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
