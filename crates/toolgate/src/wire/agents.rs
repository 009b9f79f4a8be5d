//! The parts that both wires of Bedrock Agents share: attributes, parameters and the envelope.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/agents-lambda.html>

use std::{borrow::Cow, collections::BTreeSet};

use serde_json::{Map, Value, map::Entry};

use super::{Decoded, Echo, UnreadAttributes, object, own_text, unreadable_identity};
use crate::{
    call::{Agent, Attributes, CallMetadata, RawCall},
    error::ToolError,
};

/// The members of both wires' events.
pub(super) struct Event {
    pub(super) action_group: String,
    pub(super) function: String,
    pub(super) api_path: String,
    pub(super) http_method: String,
    pub(super) parameters: Value,
    pub(super) request_body: Value,
    session_id: String,
    agent: Value,
    /// `None` where the event has no session attributes.
    session_attributes: Option<Value>,
    prompt_session_attributes: Value,
}

impl Event {
    pub(super) fn take(mut event: Map<String, Value>) -> Self {
        let session_attributes = event.remove("sessionAttributes");
        let mut member = |name: &str| event.remove(name).unwrap_or_default();
        Self {
            action_group: own_text(member("actionGroup")),
            function: own_text(member("function")),
            api_path: own_text(member("apiPath")),
            http_method: own_text(member("httpMethod")),
            parameters: member("parameters"),
            request_body: member("requestBody"),
            session_id: own_text(member("sessionId")),
            agent: member("agent"),
            session_attributes,
            prompt_session_attributes: member("promptSessionAttributes"),
        }
    }

    /// Decodes the parts that both wires share. `parameters` are the event's lists of `{name, type, value}`.
    pub(super) fn decode(
        self,
        echo: impl FnOnce(UnreadAttributes) -> Echo,
        tool: String,
        parameters: Vec<Value>,
    ) -> Decoded {
        let (session_attributes, unread) = match self.session_attributes {
            None => (Attributes::new(), None),
            Some(value) => match texts(&value) {
                Some(attributes) => (attributes, None),
                None => (Attributes::new(), Some(value)),
            },
        };
        let metadata = CallMetadata {
            session_id: Some(self.session_id).filter(|id| !id.is_empty()),
            agent: agent(self.agent),
            ..CallMetadata::default()
        };
        let mut call = RawCall {
            tool,
            session_attributes,
            prompt_attributes: attributes(self.prompt_session_attributes),
            metadata,
            ..RawCall::default()
        };
        let mut unreadable = unread.is_some().then(|| unreadable_identity("the session attributes"));
        let mut duplicates = BTreeSet::new();
        for list in parameters {
            if let Err(error) = collect(list, &mut call.arguments, &mut duplicates) {
                unreadable.get_or_insert(error);
            }
        }
        call.duplicates = duplicates.into_iter().collect();
        Decoded { echo: echo(unread), call, unreadable }
    }
}

/// Adds a list of `{name, type?, value}` to the call's arguments, and records names that occur with two values. It
/// ignores the declared `type`, because only the tool's own schema decides the type of a value.
fn collect(
    list: Value,
    arguments: &mut Map<String, Value>,
    duplicates: &mut BTreeSet<String>,
) -> Result<(), ToolError> {
    let unreadable =
        || ToolError::invalid("`parameters` and `properties` must be lists of objects with `name` and `value`");
    let list = match list {
        Value::Array(list) => list,
        Value::Null => return Ok(()),
        _ => return Err(unreadable()),
    };
    for parameter in list {
        let Value::Object(mut parameter) = parameter else { return Err(unreadable()) };
        let Some(Value::String(name)) = parameter.remove("name") else { return Err(unreadable()) };
        let value = parameter.remove("value").unwrap_or_default();
        match arguments.entry(name) {
            // after its first difference, a name is not compared again: an event may repeat a large value many times
            Entry::Occupied(first) if !duplicates.contains(first.key()) && text(first.get()) != text(&value) => {
                duplicates.insert(first.key().clone());
            }
            Entry::Occupied(_) => {}
            Entry::Vacant(place) => {
                place.insert(value);
            }
        }
    }
    Ok(())
}

fn agent(value: Value) -> Option<Agent> {
    let Value::Object(mut members) = value else { return None };
    let mut text = |name: &str| own_text(members.remove(name).unwrap_or_default());
    Some(Agent { name: text("name"), id: text("id"), alias: text("alias"), version: text("version") })
}

/// An object of texts. `None` for anything else, including `null`. Session attributes may carry identity, so a value
/// that Bedrock never sends is refused and not converted.
fn texts(value: &Value) -> Option<Attributes> {
    let text = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
    value.as_object()?.iter().map(text).collect()
}

/// The attributes of a turn. They carry no identity. A value that is not text (for example a number from a test tool)
/// becomes its JSON text.
fn attributes(value: Value) -> Attributes {
    let Value::Object(map) = value else { return Attributes::new() };
    let text = |value| match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        other => other.to_string(),
    };
    map.into_iter().map(|(name, value)| (name, text(value))).collect()
}

/// A value as Bedrock would send it: text.
fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => text.into(),
        other => other.to_string().into(),
    }
}

/// Wraps a wire's `response`. Bedrock replaces its attributes with those of the reply, so the reply contains all of
/// them.
pub(super) fn envelope(response: Value, session: Attributes, unread: UnreadAttributes, prompt: Attributes) -> Value {
    let text = |attributes: Attributes| {
        Value::Object(attributes.into_iter().map(|(name, text)| (name, Value::String(text))).collect())
    };
    object([
        ("messageVersion", "1.0".into()),
        ("response", response),
        ("sessionAttributes", unread.unwrap_or_else(|| text(session))),
        ("promptSessionAttributes", text(prompt)),
    ])
}
