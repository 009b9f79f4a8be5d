//! The values of one call for a local console: copies with a limit on their size, and without secrets.
//!
//! They exist only where the Runtime API asked for them (`channel.rs`), which Lambda's never does.

use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value, json};

use crate::schema::compiled::{CompiledSchema, Object, is_secret_name};

/// Maximum length of a text, in bytes. The rest is cut off.
const TEXT_BYTES: usize = 256 * 1024;
/// Maximum size of all values of a call, in bytes. A call with more has no values in its trace.
pub(crate) const ALL_BYTES: usize = 4 * 1024 * 1024;
/// What a container or a number counts, in bytes.
const NODE_BYTES: usize = 8;
/// Shown instead of a secret.
const SECRET: &str = "(secret, not shown)";

/// The values that a call has had so far.
#[derive(Debug, Default)]
pub(crate) struct Values(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    bytes: usize,
    is_cut: bool,
    sent: Option<Value>,
    understood: Option<Value>,
    made: Option<Value>,
    dropped: Vec<String>,
}

impl Values {
    /// The arguments as they arrived.
    pub(crate) fn sent(&self, arguments: &Map<String, Value>, shape: Option<&Object>) {
        self.change(|inner| inner.sent = inner.object(arguments, shape));
    }

    /// The arguments after the types gate.
    pub(crate) fn understood(&self, input: &Map<String, Value>, shape: &Object) {
        self.change(|inner| inner.understood = inner.object(input, Some(shape)));
    }

    /// The output of the tool.
    pub(crate) fn made(&self, output: &Value) {
        self.change(|inner| inner.made = inner.value(output, None));
    }

    /// The paths of the fields that are not exposed.
    pub(crate) fn dropped(&self, paths: Vec<String>) {
        self.change(|inner| inner.dropped.extend(paths));
    }

    /// All values as JSON, with the output as it leaves the function. `None` where they are too large.
    pub(crate) fn take(&self, exposed: Option<&Value>) -> Option<(Value, Value)> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let exposed = exposed.and_then(|output| inner.value(output, None));
        if inner.is_cut {
            return None;
        }
        let input = json!({"sent": inner.sent.take(), "understood": inner.understood.take()});
        let dropped = std::mem::take(&mut inner.dropped);
        Some((input, json!({"made": inner.made.take(), "exposed": exposed, "dropped": dropped})))
    }

    fn change(&self, change: impl FnOnce(&mut Inner)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Inner {
    /// A copy. `None` where the call has too many values.
    fn value(&mut self, value: &Value, shape: Option<&CompiledSchema>) -> Option<Value> {
        let copy = match value {
            Value::Null => Value::Null,
            _ if shape.is_some_and(is_secret) => SECRET.into(),
            // Agents sends a list or an object as text
            Value::String(_) if shape.is_some_and(has_secret) => SECRET.into(),
            Value::Object(members) => return self.members(members, |name| member(shape, name)),
            Value::Array(items) => {
                let item = shape.and_then(|shape| shape.list.as_ref()?.items.as_deref());
                Value::Array(items.iter().map(|value| self.value(value, item)).collect::<Option<_>>()?)
            }
            Value::String(text) => {
                self.count(text.len().min(TEXT_BYTES))?;
                cut(text)
            }
            other => other.clone(),
        };
        self.count(NODE_BYTES)?;
        Some(copy)
    }

    fn object(&mut self, members: &Map<String, Value>, shape: Option<&Object>) -> Option<Value> {
        self.members(members, |name| declared(shape?, name))
    }

    fn members<'a>(
        &mut self,
        members: &Map<String, Value>,
        shape: impl Fn(&str) -> Option<&'a CompiledSchema>,
    ) -> Option<Value> {
        self.count(NODE_BYTES)?;
        let members = members.iter().map(|(name, value)| {
            self.count(name.len() + NODE_BYTES)?;
            let copy = match value {
                Value::Null => Value::Null,
                _ if is_secret_name(name) => SECRET.into(),
                value => self.value(value, shape(name))?,
            };
            Some((name.clone(), copy))
        });
        members.collect::<Option<Map<_, _>>>().map(Value::Object)
    }

    fn count(&mut self, bytes: usize) -> Option<()> {
        self.bytes = self.bytes.saturating_add(bytes);
        self.is_cut |= self.bytes > ALL_BYTES;
        (!self.is_cut).then_some(())
    }
}

/// The schema of a member, from the object or from the first alternative that has it.
fn member<'a>(shape: Option<&'a CompiledSchema>, name: &str) -> Option<&'a CompiledSchema> {
    let shape = shape?;
    let here = shape.object.as_ref().and_then(|object| declared(object, name));
    // one alternative that is secret hides the member in all of them
    let mut others = shape.any_of.iter().filter_map(|other| member(Some(other), name));
    here.or_else(|| {
        let first = others.next()?;
        Some(if has_secret(first) { first } else { others.find(|other| has_secret(other)).unwrap_or(first) })
    })
}

/// The schema of a member that an object declares, or that of its other members.
fn declared<'a>(object: &'a Object, name: &str) -> Option<&'a CompiledSchema> {
    object.fields.get(name).map(|field| &field.shape).or(object.others.as_deref())
}

/// Whether the schema, or one of its alternatives, is a secret.
fn is_secret(shape: &CompiledSchema) -> bool {
    shape.secret || shape.any_of.iter().any(is_secret)
}

/// Whether a value of this schema is a secret or may have one inside.
fn has_secret(shape: &CompiledSchema) -> bool {
    let items = shape.list.as_ref().and_then(|list| list.items.as_deref());
    let members = shape
        .object
        .iter()
        .flat_map(|object| object.fields.values().map(|field| &field.shape).chain(object.others.as_deref()));
    shape.secret || shape.any_of.iter().chain(items).chain(members).any(has_secret)
}

fn cut(text: &str) -> Value {
    if text.len() <= TEXT_BYTES {
        return text.into();
    }
    let mut end = TEXT_BYTES;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    json!({"$cut": true, "text": text.get(..end), "bytes": text.len()})
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is shown of these arguments of a tool with these properties.
    fn shown(properties: Value, sent: Value) -> Value {
        let schema = CompiledSchema::compile(&json!({"type": "object", "properties": properties})).unwrap();
        let values = Values::default();
        values.sent(sent.as_object().unwrap(), schema.object.as_ref());
        values.take(None).unwrap().0["sent"].take()
    }

    #[test]
    fn a_secret_is_hidden_wherever_the_schema_has_it() {
        let (secret, word) = (json!({"type": "string", "format": "password"}), json!({"type": "string"}));
        let object = |code: &Value| json!({"type": "object", "properties": {"code": code, "name": word}});
        let sent = json!({"code": "CANARY", "name": "n"});
        let hidden = json!({"code": SECRET, "name": "n"});
        for (schema, value, expected) in [
            (secret.clone(), json!("CANARY"), json!(SECRET)),
            (secret.clone(), json!(7), json!(SECRET)),
            (secret.clone(), Value::Null, Value::Null),
            (word.clone(), json!("n"), json!("n")),
            (json!({"type": "array", "items": secret}), json!(["CANARY", null]), json!([SECRET, null])),
            (json!({"type": "object", "additionalProperties": secret}), json!({"a": "CANARY"}), json!({"a": SECRET})),
            (json!({"anyOf": [secret, {"type": "integer"}]}), json!("CANARY"), json!(SECRET)),
            (json!({"anyOf": [secret, {"type": "null"}]}), json!("CANARY"), json!(SECRET)),
            (object(&secret), sent.clone(), hidden.clone()),
            (json!({"anyOf": [object(&word), object(&secret)]}), sent.clone(), hidden.clone()),
            (json!({"type": "array", "items": object(&secret)}), json!([sent]), json!([hidden])),
            // as Agents sends them
            (object(&secret), sent.to_string().into(), json!(SECRET)),
            (json!({"type": "array", "items": object(&secret)}), json!("[{code=CANARY}]"), json!(SECRET)),
            (object(&word), json!("{name=n}"), json!("{name=n}")),
        ] {
            let got = shown(json!({"field": schema}), json!({"field": value}));
            assert_eq!(got, json!({"field": expected}), "{schema} {value}");
        }
    }

    #[test]
    fn a_secret_is_hidden_by_its_name_without_a_schema_too() {
        let any = json!({"type": "object", "additionalProperties": true});
        let sent = json!({"any": {"apiToken": "CANARY", "list": [{"Card-Number": 4111}], "name": "n"}, "pin": 1234});
        let expected =
            json!({"any": {"apiToken": SECRET, "list": [{"Card-Number": SECRET}], "name": "n"}, "pin": SECRET});
        assert_eq!(shown(json!({"any": any}), sent), expected);
    }
}
