//! Gate 9, once: names the effect, so that a ledger can commit it together with its record.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::Passage;
use crate::{cx::OnceKey, entry::Once, error::ToolError};

pub(super) fn enter<S>(passage: &mut Passage<S>) -> Result<(), ToolError> {
    let Some(once) = &passage.entry.once else { return Ok(()) };
    let input = canonical(&passage.arguments);
    let own = passage.ready.as_ref().and_then(|ready| ready.once_by(&passage.cx));
    let (scope, effect, input) = match own {
        // the tool's own key may meet another input, which is then no repeat
        Some(key) => ("own key".to_owned(), key, input),
        None => {
            let effect = effect(once, &passage.arguments, &input);
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

/// Whose repeat it would be.
fn scope<S>(passage: &Passage<S>) -> Result<String, ToolError> {
    let session = passage.cx.session_id().map(|id| {
        // an id is only as unique as the agent that it belongs to
        let agent = passage.cx.agent().map_or("", |agent| agent.id.as_str());
        format!("session {agent} {id}")
    });
    session.or_else(|| passage.cx.caller().scope().map(|identity| format!("identity {identity}"))).ok_or_else(|| {
        ToolError::refused(
            "this call has an effect that must happen once, and it came without a session or an identity to tell a repeat by",
        )
    })
}

/// The fields that identify the effect, in one spelling.
fn effect(once: &Once, arguments: &serde_json::Map<String, Value>, input: &str) -> String {
    match &once.key {
        None => input.to_owned(),
        Some(fields) => {
            let chosen = fields.iter().filter_map(|field| Some((field.clone(), arguments.get(field)?.clone())));
            canonical(&chosen.collect())
        }
    }
}

/// JSON with sorted members and numbers in one spelling: `"129.95"`, `129.950` and `129.95` are one amount.
fn canonical(arguments: &serde_json::Map<String, Value>) -> String {
    fn put(value: &Value, text: &mut String) {
        match value {
            Value::Object(members) => {
                let mut sorted: Vec<_> = members.iter().collect();
                sorted.sort_unstable_by_key(|(name, _)| *name);
                text.push('{');
                for (name, member) in sorted {
                    text.push_str(&Value::from(name.as_str()).to_string());
                    text.push(':');
                    put(member, text);
                    text.push(',');
                }
                text.push('}');
            }
            Value::Array(items) => {
                text.push('[');
                for item in items {
                    put(item, text);
                    text.push(',');
                }
                text.push(']');
            }
            Value::String(string) => text.push_str(&Value::from(plain_number(string)).to_string()),
            Value::Number(number) => text.push_str(&Value::from(plain_number(&number.to_string())).to_string()),
            other => text.push_str(&other.to_string()),
        }
    }
    let mut text = String::new();
    put(&Value::Object(arguments.clone()), &mut text);
    text
}

/// A decimal number without sign `+`, leading zeros or trailing zeros; any other text as it is.
fn plain_number(text: &str) -> &str {
    let trimmed = text.trim();
    let unsigned = trimmed.strip_prefix('+').unwrap_or(trimmed);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    // a leading zero or a sign may be part of a name, so only plain amounts are respelled
    if whole.is_empty() || !digits(whole) || !digits(fraction) || (whole.len() > 1 && whole.starts_with('0')) {
        return text;
    }
    match fraction.is_empty() {
        true => whole,
        false => unsigned.trim_end_matches('0').trim_end_matches('.'),
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
