//! What the two wires of Bedrock Agents share: attributes, parameters and the envelope.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/userguide/agents-lambda.html>

use std::{borrow::Cow, collections::BTreeSet};

use serde_json::{Map, Value, json};

use super::{Decoded, Echo, take_text};
use crate::{
    call::{Agent, Attributes, Facts, RawCall},
    error::ToolError,
};

/// Reads what both wires have in common. `parameters` are the lists of `{name, type, value}` of the event.
pub(super) fn decode(event: &mut Map<String, Value>, echo: Echo, tool: String, parameters: Vec<Value>) -> Decoded {
    let facts = Facts {
        session_id: Some(take_text(event, "sessionId")).filter(|id| !id.is_empty()),
        agent: agent(event.remove("agent")),
        ..Facts::default()
    };
    let mut call = RawCall {
        tool,
        session_attributes: attributes(event.remove("sessionAttributes")),
        prompt_attributes: attributes(event.remove("promptSessionAttributes")),
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
        let Value::Object(mut parameter) = parameter else { return Err(unreadable()) };
        let Some(Value::String(name)) = parameter.remove("name") else { return Err(unreadable()) };
        let value = parameter.remove("value").unwrap_or_default();
        match arguments.get(&name) {
            // compared until they differ and no longer: a large value may be repeated ten thousand times
            Some(first) if !doubled.contains(&name) && text(first) != text(&value) => {
                doubled.insert(name);
            }
            Some(_) => {}
            None => {
                arguments.insert(name, value);
            }
        }
    }
    Ok(())
}

fn agent(value: Option<Value>) -> Option<Agent> {
    let Some(Value::Object(mut agent)) = value else { return None };
    let mut text = |name| take_text(&mut agent, name);
    Some(Agent { name: text("name"), id: text("id"), alias: text("alias"), version: text("version") })
}

/// Attributes are text. What is not (a test tool's number, say) becomes its JSON text and a null becomes empty:
/// dropping it could turn a bound session into an unbound one.
fn attributes(value: Option<Value>) -> Attributes {
    let Some(Value::Object(map)) = value else { return Attributes::new() };
    let text = |value| match value {
        Value::Null => String::new(),
        other => text(&other).into_owned(),
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
    json!({
        "messageVersion": "1.0",
        "response": response,
        "sessionAttributes": session,
        "promptSessionAttributes": prompt,
    })
}
