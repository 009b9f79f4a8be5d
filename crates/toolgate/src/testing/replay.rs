//! Replays fixture events from files and compares the replies with the expected ones.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::context;
use crate::service::{Service, UnknownEvent};

/// Replays fixture events: every `<name>.json` in a folder, with its client context `<name>.context.json` if there is
/// one, must produce `<name>.reply.json`. Texts named `body` are compared as JSON. In an expected reply, `<any>` in a
/// text matches any text, for example an id that is new each time. `prepare` runs before each event with its name and
/// creates the service, so that each event starts from the same data.
///
/// If `UPDATE_REPLIES` is set in the environment, the replies are written to the files for review. A text with `<any>`
/// that still matches stays as it is.
///
/// # Panics
/// A reply differs, a file cannot be read, or the folder has no events.
#[expect(clippy::panic, clippy::unwrap_used, clippy::print_stderr, reason = "a test must fail loudly")]
pub async fn replay<S: Send + Sync + 'static>(
    folder: impl AsRef<Path>,
    mut prepare: impl AsyncFnMut(&str) -> Service<S>,
) {
    let folder = folder.as_ref();
    let mut events: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("cannot read {}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            name.ends_with(".json") && !name.ends_with(".reply.json") && !name.ends_with(".context.json")
        })
        .collect();
    events.sort();
    assert!(!events.is_empty(), "there are no events in {}", folder.display());
    let update = std::env::var_os("UPDATE_REPLIES").is_some();
    let mut wrong = Vec::new();
    for path in events {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let event = read(&path);
        let client_context = path.with_extension("context.json");
        let client_context = client_context.exists().then(|| read(&client_context));
        let service = prepare(&name).await;
        let reply = match service.handle(event, &context(client_context.as_ref())).await {
            Ok(reply) => open_bodies(reply),
            Err(error) => {
                serde_json::json!({"errorType": UnknownEvent::TYPE, "errorMessage": error.to_string()})
            }
        };
        let expected = path.with_extension("reply.json");
        if update {
            let before = std::fs::read(&expected).ok().and_then(|text| serde_json::from_slice(&text).ok());
            let reply = updated(before.map_or(Value::Null, open_bodies), reply);
            std::fs::write(&expected, format!("{reply:#}\n")).unwrap();
        } else if !fits(&open_bodies(read(&expected)), &reply) {
            eprintln!("{name}: the reply is\n{reply:#}");
            wrong.push(name);
        }
    }
    assert!(wrong.is_empty(), "these replies differ from their `.reply.json`: {}", wrong.join(", "));
}

#[expect(clippy::panic, reason = "a test must fail loudly")]
fn read(path: &Path) -> Value {
    let text = std::fs::read(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{} is not valid JSON: {error}", path.display()))
}

/// Replaces texts named `body` with the JSON in them.
fn open_bodies(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .map(|(name, member)| match member {
                    Value::String(text) if name == "body" => {
                        let open = serde_json::from_str(&text).unwrap_or(Value::String(text));
                        (name, open)
                    }
                    member => (name, open_bodies(member)),
                })
                .collect(),
        ),
        Value::Array(items) => Value::Array(items.into_iter().map(open_bodies).collect()),
        other => other,
    }
}

/// Whether a text matches the expected text. Each `<any>` matches any text.
fn matches(pattern: &str, text: &str) -> bool {
    let parts: Vec<&str> = pattern.split("<any>").collect();
    let [first, middle @ .., last] = parts.as_slice() else { return pattern == text };
    let Some(rest) = text.strip_prefix(first) else { return false };
    let after = middle.iter().try_fold(rest, |rest, part| rest.split_once(part).map(|(_, after)| after));
    after.is_some_and(|rest| rest.ends_with(last))
}

/// The expected reply after an update: the reply, with the texts that have `<any>` and match.
fn updated(expected: Value, reply: Value) -> Value {
    match (expected, reply) {
        (Value::String(pattern), Value::String(text)) if matches(&pattern, &text) => Value::String(pattern),
        (Value::Object(mut before), Value::Object(members)) => {
            let member = |(name, member)| match before.remove(&name) {
                Some(before) => (name, updated(before, member)),
                None => (name, member),
            };
            Value::Object(members.into_iter().map(member).collect())
        }
        (Value::Array(before), Value::Array(items)) => {
            let before = before.into_iter().chain(std::iter::repeat(Value::Null));
            Value::Array(items.into_iter().zip(before).map(|(item, before)| updated(before, item)).collect())
        }
        (_, reply) => reply,
    }
}

/// Whether a reply matches the expected reply. `<any>` in a text matches any text.
pub(super) fn fits(expected: &Value, reply: &Value) -> bool {
    match (expected, reply) {
        (Value::String(pattern), Value::String(text)) => matches(pattern, text),
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, member)| other.get(name).is_some_and(|reply| fits(member, reply)))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| fits(one, other))
        }
        _ => expected == reply,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::updated;

    #[test]
    fn an_update_keeps_a_placeholder_that_matches() {
        let before = json!({"id": "CHG-<any>", "state": "<any> days", "list": [{"id": "<any>"}], "gone": "<any>"});
        let reply = json!({"id": "CHG-7", "state": "paid", "list": [{"id": "a"}, {"id": "b"}], "new": 1});
        let expected = json!({"id": "CHG-<any>", "state": "paid", "list": [{"id": "<any>"}, {"id": "b"}], "new": 1});
        assert_eq!(updated(before, reply), expected);
    }
}
