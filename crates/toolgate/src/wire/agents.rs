//! What the two wires of Bedrock Agents share: attributes, parameters and the envelope.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/agents-lambda.html>

use std::{borrow::Cow, collections::BTreeSet};

use serde_json::{Map, Value, map::Entry};

use super::{Decoded, Echo, object, own_text};
use crate::{
    call::{Agent, Attributes, Facts, RawCall},
    error::ToolError,
};

/// What the events of both wires are made of, taken out in one walk.
#[derive(Default)]
pub(super) struct Event {
    pub(super) action_group: String,
    pub(super) function: String,
    pub(super) api_path: String,
    pub(super) http_method: String,
    pub(super) parameters: Value,
    pub(super) request_body: Value,
    session_id: String,
    agent: Value,
    session_attributes: Value,
    prompt_session_attributes: Value,
}

impl Event {
    pub(super) fn take(event: Map<String, Value>) -> Self {
        let mut taken = Self::default();
        for (name, value) in event {
            match name.as_str() {
                "actionGroup" => taken.action_group = own_text(value),
                "function" => taken.function = own_text(value),
                "apiPath" => taken.api_path = own_text(value),
                "httpMethod" => taken.http_method = own_text(value),
                "parameters" => taken.parameters = value,
                "requestBody" => taken.request_body = value,
                "sessionId" => taken.session_id = own_text(value),
                "agent" => taken.agent = value,
                "sessionAttributes" => taken.session_attributes = value,
                "promptSessionAttributes" => taken.prompt_session_attributes = value,
                _ => {}
            }
        }
        taken
    }

    /// Reads what both wires have in common. `parameters` are the lists of `{name, type, value}` of the event.
    pub(super) fn decode(self, echo: Echo, tool: String, parameters: Vec<Value>) -> Decoded {
        let facts = Facts {
            session_id: Some(self.session_id).filter(|id| !id.is_empty()),
            agent: agent(self.agent),
            ..Facts::default()
        };
        let mut call = RawCall {
            tool,
            session_attributes: attributes(self.session_attributes),
            prompt_attributes: attributes(self.prompt_session_attributes),
            facts,
            ..RawCall::default()
        };
        let (mut unreadable, mut doubled) = (None, BTreeSet::new());
        for list in parameters {
            if let Err(error) = collect(list, &mut call.arguments, &mut doubled) {
                unreadable = Some(error);
            }
        }
        call.doubled = doubled.into_iter().collect();
        Decoded { echo, call, unreadable }
    }
}

/// Adds a list of `{name, type?, value}` to the call's arguments, and notes the names that came with two values. The
/// `type` that the event claims is not read: only the tool's own schema says what a value is.
fn collect(list: Value, arguments: &mut Map<String, Value>, doubled: &mut BTreeSet<String>) -> Result<(), ToolError> {
    let unreadable =
        || ToolError::invalid("`parameters` and `properties` must be lists of objects with `name` and `value`");
    let list = match list {
        Value::Array(list) => list,
        Value::Null => return Ok(()),
        _ => return Err(unreadable()),
    };
    for parameter in list {
        let Value::Object(parameter) = parameter else { return Err(unreadable()) };
        let (mut name, mut value) = (None, Value::Null);
        for (key, member) in parameter {
            match (key.as_str(), member) {
                ("name", Value::String(text)) => name = Some(text),
                ("value", member) => value = member,
                _ => {}
            }
        }
        match arguments.entry(name.ok_or_else(unreadable)?) {
            // compared until they differ and no longer: a large value may be repeated ten thousand times
            Entry::Occupied(first) if !doubled.contains(first.key()) && text(first.get()) != text(&value) => {
                doubled.insert(first.key().clone());
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
    let Value::Object(members) = value else { return None };
    let mut agent = Agent::default();
    for (name, value) in members {
        match name.as_str() {
            "name" => agent.name = own_text(value),
            "id" => agent.id = own_text(value),
            "alias" => agent.alias = own_text(value),
            "version" => agent.version = own_text(value),
            _ => {}
        }
    }
    Some(agent)
}

/// Attributes are text. What is not (a test tool's number, say) becomes its JSON text and a null becomes empty:
/// dropping it could turn a bound session into an unbound one.
fn attributes(value: Value) -> Attributes {
    let Value::Object(map) = value else { return Attributes::new() };
    let text = |value| match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        other => other.to_string(),
    };
    map.into_iter().map(|(name, value)| (name, text(value))).collect()
}

/// A value as Bedrock would send it: as text.
fn text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => text.into(),
        other => other.to_string().into(),
    }
}

/// Wraps a wire's `response`. Bedrock keeps the attributes that it gets back, so all of them go back.
pub(super) fn envelope(response: Value, session: Attributes, prompt: Attributes) -> Value {
    let text =
        |attributes: Attributes| attributes.into_iter().map(|(name, text)| (name, Value::String(text))).collect();
    object([
        ("messageVersion", "1.0".into()),
        ("response", response),
        ("sessionAttributes", Value::Object(text(session))),
        ("promptSessionAttributes", Value::Object(text(prompt))),
    ])
}
