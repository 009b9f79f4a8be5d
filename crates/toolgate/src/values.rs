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
        self.members(members, |name| shape.and_then(|shape| shape.fields.get(name)).map(|field| &field.shape))
    }

    fn members<'a>(
        &mut self,
        members: &Map<String, Value>,
        shape: impl Fn(&str) -> Option<&'a CompiledSchema>,
    ) -> Option<Value> {
        self.count(NODE_BYTES)?;
        let members = members.iter().map(|(name, value)| {
            self.count(name.len() + NODE_BYTES)?;
            let shape = shape(name);
            let is_secret = shape.map_or_else(|| is_secret_name(name), |shape| shape.secret);
            let copy = match value {
                Value::Null => Value::Null,
                _ if is_secret => SECRET.into(),
                value => self.value(value, shape)?,
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
    let here = shape.object.as_ref().and_then(|object| object.fields.get(name)).map(|field| &field.shape);
    here.or_else(|| shape.any_of.iter().find_map(|other| member(Some(other), name)))
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
