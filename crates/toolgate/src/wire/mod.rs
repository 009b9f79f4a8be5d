//! The event formats, and which one an event is in.
//!
//! A wire turns an event into a [`Call`] and an outcome into a reply. It knows nothing of gates.

mod agents;
mod api;
mod direct;
mod function;
pub(crate) mod gateway;
pub(crate) mod kind;

use std::time::{Duration, SystemTime};

use lambda_runtime::Context;
use serde_json::{Map, Value};

use kind::Wire;

use crate::{
    call::{Attributes, Facts, RawCall},
    error::ToolError,
};

/// No call waits longer for its function.
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What a reply has to repeat from its event.
pub(crate) enum Echo {
    Direct,
    Gateway,
    Function { action_group: String, function: String, unread: UnreadAttributes },
    Api { action_group: String, api_path: String, http_method: String, unread: UnreadAttributes },
}

/// Session attributes that could not be read, to go back as they came: Bedrock keeps what it gets back, so a refusal
/// that left them out could unbind the session.
pub(crate) type UnreadAttributes = Option<Value>;

impl Echo {
    pub(crate) const fn wire(&self) -> Wire {
        match self {
            Self::Direct => Wire::Direct,
            Self::Gateway => Wire::Gateway,
            Self::Function { .. } => Wire::Function,
            Self::Api { .. } => Wire::Api,
        }
    }
}

/// An event as far as it could be read. The envelope is known, so even an unreadable call gets a reply.
pub(crate) struct Decoded {
    pub(crate) echo: Echo,
    pub(crate) call: RawCall,
    /// Why the call inside the envelope cannot be read.
    pub(crate) unreadable: Option<ToolError>,
}

/// Why an event has no envelope in which it could be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Undecodable {
    /// It is in none of the formats.
    Event,
    /// The gateway sent it, and its client context does not name a tool.
    ClientContext,
}

/// Detects the wire and reads the event.
///
/// The client context comes first: a Gateway event is nothing but arguments that a model wrote, so its shape proves
/// nothing. Whatever of the gateway's stands in the context, the event is never read as another wire's.
pub(crate) fn decode(event: Value, context: &Context) -> Result<Decoded, Undecodable> {
    let mut decoded = if let Some(custom) = gateway::custom(context) {
        gateway::decode(event, custom).ok_or(Undecodable::ClientContext)?
    } else {
        let Value::Object(event) = event else { return Err(Undecodable::Event) };
        let text = |name: &str| event.get(name).is_some_and(Value::is_string);
        let agents = event.contains_key("messageVersion") && text("actionGroup");
        if agents && text("function") {
            function::decode(event)
        } else if agents && text("apiPath") && text("httpMethod") {
            api::decode(event)
        } else if text("toolName") {
            direct::decode(event)
        } else {
            return Err(Undecodable::Event);
        }
    };
    let facts = &mut decoded.call.facts;
    facts.wire = decoded.echo.wire();
    facts.request_id.clone_from(&context.request_id);
    // one of long ago is none (`cargo lambda watch` sends 1970)
    let recent = SystemTime::now().checked_sub(A_DAY).unwrap_or(SystemTime::UNIX_EPOCH);
    facts.deadline = Some(context.deadline()).filter(|at| *at > recent);
    Ok(decoded)
}

/// Encodes an outcome for the wire that its call came on. Attributes go back on success and on error.
pub(crate) fn encode(
    echo: Echo,
    outcome: Result<Value, ToolError>,
    session_attributes: Attributes,
    prompt_attributes: Attributes,
) -> Value {
    match echo {
        Echo::Direct => direct::encode(outcome),
        Echo::Gateway => gateway::encode(outcome),
        Echo::Function { action_group, function, unread } => {
            let response = function::encode(action_group, function, outcome);
            agents::envelope(response, session_attributes, unread, prompt_attributes)
        }
        Echo::Api { action_group, api_path, http_method, unread } => {
            let response = api::encode(action_group, api_path, http_method, outcome);
            agents::envelope(response, session_attributes, unread, prompt_attributes)
        }
    }
}

/// An object of members that are moved into it. `json!` would copy them, and a body is most of a reply.
fn object<const N: usize>(members: [(&str, Value); N]) -> Value {
    let mut map = Map::new();
    for (name, member) in members {
        map.insert(name.to_owned(), member);
    }
    Value::Object(map)
}

/// A body as text, which is how all wires but one carry it.
fn body_text(body: &Value) -> String {
    // a `Value` cannot fail, and its `Display` is slower
    serde_json::to_string(body).unwrap_or_default()
}

/// The text of a value that should be one; empty where it is not.
fn own_text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        _ => String::new(),
    }
}

/// The refusal of a call whose `what` might say who calls, and cannot be read. Such a caller is never taken for nobody.
fn unreadable_identity(what: &str) -> ToolError {
    ToolError::refused(format!("{what} are not an object of texts, so nobody can tell who calls"))
}

/// The arguments of a wire that carries them as one JSON object.
fn take_object(value: Value, what: &str) -> Result<Map<String, Value>, ToolError> {
    match value {
        Value::Object(map) => Ok(map),
        Value::Null => Ok(Map::new()),
        _ => Err(ToolError::invalid(format!("{what} must be a JSON object, with one member per argument"))),
    }
}

fn decoded(echo: Echo, tool: String, arguments: Result<Map<String, Value>, ToolError>, facts: Facts) -> Decoded {
    let (arguments, unreadable) = match arguments {
        Ok(arguments) => (arguments, None),
        Err(error) => (Map::new(), Some(error)),
    };
    Decoded { echo, call: RawCall { tool, arguments, facts, ..RawCall::default() }, unreadable }
}
