//! The event formats, and the detection of an event's format.
//!
//! A wire decodes an event into a call and encodes an outcome into a reply. It does not depend on the gates.

mod agents;
mod api;
mod direct;
mod function;
pub(crate) mod gateway;
mod json;
pub(crate) mod kind;
#[cfg(feature = "mcp")]
pub(crate) mod mcp;

use std::time::{Duration, SystemTime};

use lambda_runtime::Context;
use serde_json::{Map, Value};

use json::{body_text, object, own_text};
use kind::Wire;

use crate::{
    call::{Attributes, CallMetadata, RawCall},
    error::ToolError,
};

/// Upper bound of the wait for a function.
const A_DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The members of an event that its reply must repeat.
pub(crate) enum Echo {
    Direct,
    Gateway,
    Function {
        action_group: String,
        function: String,
        unread: UnreadAttributes,
    },
    Api {
        action_group: String,
        api_path: String,
        http_method: String,
        unread: UnreadAttributes,
    },
    /// `status` is the HTTP status of a refusal before the tool is known.
    #[cfg(feature = "mcp")]
    Mcp {
        envelope: Box<mcp::Envelope>,
        status: u16,
    },
}

/// Session attributes that could not be read. The reply returns them unchanged. Bedrock replaces its attributes with
/// those of the reply, so a refusal without them could remove the identity from the session.
pub(crate) type UnreadAttributes = Option<Value>;

impl Echo {
    pub(crate) const fn wire(&self) -> Wire {
        match self {
            Self::Direct => Wire::Direct,
            Self::Gateway => Wire::Gateway,
            Self::Function { .. } => Wire::Function,
            Self::Api { .. } => Wire::Api,
            #[cfg(feature = "mcp")]
            Self::Mcp { .. } => Wire::Mcp,
        }
    }
}

/// A decoded event. Even a call that cannot be read gets a reply, because its envelope is known.
pub(crate) struct Decoded {
    pub(crate) echo: Echo,
    pub(crate) call: RawCall,
    /// The reason why the call inside the envelope cannot be read.
    pub(crate) unreadable: Option<ToolError>,
}

/// Why an event has no known reply format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Undecodable {
    /// The event has none of the known formats.
    Event,
    /// The event comes from the gateway, but its client context does not name a tool.
    ClientContext,
}

/// An event whose wire is known.
#[cfg_attr(
    feature = "mcp",
    expect(clippy::large_enum_variant, reason = "it lives for a moment, and a box would cost each call an allocation")
)]
pub(crate) enum Incoming {
    Call(Decoded),
    /// A request that may be a call, or anything else that an MCP client sends.
    #[cfg(feature = "mcp")]
    Http(mcp::HttpEvent),
}

/// Detects the wire and decodes the event.
///
/// The client context is checked first. A model writes the whole event of the gateway, so the event's own form proves
/// nothing. If the context contains any key of the gateway, the event is never decoded as an event of another wire.
pub(crate) fn decode(event: Value, context: &Context) -> Result<Incoming, Undecodable> {
    let decoded = if let Some(custom) = gateway::custom(context) {
        gateway::decode(event, custom).ok_or(Undecodable::ClientContext)?
    } else {
        let Value::Object(event) = event else { return Err(Undecodable::Event) };
        #[cfg(feature = "mcp")]
        if mcp::HttpEvent::is(&event) {
            return Ok(Incoming::Http(mcp::HttpEvent::take(event)));
        }
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
    Ok(Incoming::Call(decoded))
}

/// Adds the properties of a call that the platform sets.
pub(crate) fn with_context(mut decoded: Decoded, context: &Context) -> Decoded {
    let metadata = &mut decoded.call.metadata;
    metadata.wire = decoded.echo.wire();
    metadata.request_id.clone_from(&context.request_id);
    // a deadline long in the past counts as no deadline (`cargo lambda watch` sends 1970)
    let recent = SystemTime::now().checked_sub(A_DAY).unwrap_or(SystemTime::UNIX_EPOCH);
    metadata.deadline = Some(context.deadline()).filter(|at| *at > recent);
    decoded
}

/// Encodes an outcome for the wire of its call. Attributes are returned on success and on error.
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
        #[cfg(feature = "mcp")]
        Echo::Mcp { envelope, status } => mcp::encode(&envelope, status, outcome),
    }
}

/// The refusal of a call with an unreadable part `what` that may contain the identity. Such a caller never counts as
/// anonymous.
fn unreadable_identity(what: &str) -> ToolError {
    ToolError::refused(format!("{what} are not an object of texts, so the caller cannot be identified"))
}

/// The arguments of a wire that sends them as one JSON object.
fn take_object(value: Value, what: &str) -> Result<Map<String, Value>, ToolError> {
    match value {
        Value::Object(map) => Ok(map),
        Value::Null => Ok(Map::new()),
        _ => Err(ToolError::invalid(format!("{what} must be a JSON object, with one member per argument"))),
    }
}

fn decoded(
    echo: Echo,
    tool: String,
    arguments: Result<Map<String, Value>, ToolError>,
    metadata: CallMetadata,
) -> Decoded {
    let (arguments, unreadable) = match arguments {
        Ok(arguments) => (arguments, None),
        Err(error) => (Map::new(), Some(error)),
    };
    Decoded { echo, call: RawCall { tool, arguments, metadata, ..RawCall::default() }, unreadable }
}
