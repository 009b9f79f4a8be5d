//! The mcp wire: MCP over HTTP, behind a function URL or an HTTP API. It keeps no sessions and answers JSON.
//!
//! A request is checked in this order: HTTP, JSON-RPC, the protocol version with its headers, the caller. A tool call
//! then passes the gates like a call on any other wire. All other methods are answered here.
//!
//! The message types are our own. The model of the crate `rmcp` has 54 dependencies more and parses a message into an
//! untagged enum of all methods; a tools server needs five methods, and a handler's size and start count.

mod claims;
mod elicitation;
mod era;
mod http;
mod metadata;
mod reply;
mod rpc;
pub(crate) mod settings;

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::{Decoded, Echo, decoded, take_object};
use crate::{
    call::{Attributes, CallMetadata, Elicitation},
    caller::Declared,
    error::ToolError,
};

use claims::Denied;
use era::{Era, LEGACY, MODERN, NEWEST_LEGACY};
pub(crate) use http::HttpEvent;
pub(crate) use reply::{Envelope, encode};
use rpc::{Code, Failed, Fault, Message};
use settings::McpSettings;

/// How long a client may keep the list of tools. Only a deployment changes it.
const TTL_MS: u64 = 5 * 60 * 1000;

/// The parts of a function that this wire reads.
pub(crate) struct Server<'a> {
    /// Whether the deployment names this wire.
    pub(crate) is_named: bool,
    pub(crate) declared: &'a Declared,
    pub(crate) settings: &'a McpSettings,
    pub(crate) group: Arc<str>,
    pub(crate) description: &'a str,
    /// The version of the Lambda function.
    pub(crate) version: &'a str,
    /// The list of tools.
    pub(crate) tools: &'a dyn Fn() -> Value,
}

/// The next step for a request.
#[expect(clippy::large_enum_variant, reason = "it lives for a moment, and a box would cost each call an allocation")]
pub(crate) enum Step {
    /// It is answered.
    Reply(Answered),
    /// It is a tool call, for the pipeline.
    Call(Decoded),
}

/// A request that is not a tool call, with its reply.
pub(crate) struct Answered {
    /// A known method, for the log.
    pub(crate) method: &'static str,
    pub(crate) status: u16,
    pub(crate) reply: Value,
}

/// Decodes a request, and answers it where it is not a tool call.
pub(crate) fn open(mut http: HttpEvent, server: &Server<'_>) -> Step {
    let answered = |method, status, reply| Step::Reply(Answered { method, status, reply });
    if let Some(reply) = server.is_named.then(|| metadata::reply(&http, server.settings)).flatten() {
        return answered("metadata", 200, reply);
    }
    let failed = |(id, fault): Failed| answered("(unreadable)", fault.code(), fault.response(&id, &[]));
    let message = match read(&mut http) {
        Ok(message) => message,
        Err((id, fault)) if fault.code() == 405 => {
            return answered("(unreadable)", 405, fault.response(&id, &[("allow", "POST")]));
        }
        Err(fault) => return failed(fault),
    };
    let era = match era::of(&http, &message) {
        Ok(era) => era,
        Err(fault) => return failed((message.id.unwrap_or_default(), fault)),
    };
    let caller = claims::identity(http.authorizer.as_ref(), server.declared);
    let caller = match server.is_named {
        true => caller,
        false => Err(not_named()),
    };
    let challenge = match &caller {
        Err(Denied { status: 401, .. }) => Some(challenge(&http, server.settings)),
        _ => None,
    };
    let can_ask = server.settings.elicit && era == Era::Modern && era::answers_forms(&message);
    #[cfg(feature = "otel")]
    let trace_parent = trace_parent(&http, &message.params);
    let Message { id, method, params } = message;
    let envelope =
        |id| Envelope { id, era, challenge, group: server.group.clone(), version: server.version.to_owned() };
    match (id, method.as_str()) {
        (Some(id), "tools/call") => match call(envelope(id), params, caller, can_ask) {
            #[cfg_attr(not(feature = "otel"), expect(unused_mut, reason = "only traces change it"))]
            Ok(mut decoded) => {
                #[cfg(feature = "otel")]
                {
                    decoded.call.metadata.trace_parent = trace_parent;
                }
                Step::Call(decoded)
            }
            Err(fault) => failed(fault),
        },
        (id, method) => {
            let envelope = envelope(id.clone().unwrap_or_default());
            let name = known(method);
            match caller {
                Err(denied) => answered(name, denied.status, envelope.refused(denied.status, &denied.error)),
                Ok(_) if id.is_none() => match method.starts_with("notifications/") {
                    true => answered("notification", 202, http::response(202, &[], &Value::Null)),
                    false => failed((Value::Null, Fault::new(Code::InvalidRequest, "a request must have an `id`"))),
                },
                Ok(_) => match result(era, method, params, server) {
                    Ok(result) => answered(name, 200, envelope.result(result)),
                    Err(fault) => {
                        let fault = envelope.status_of(fault);
                        answered(name, fault.code(), fault.response(&envelope.id, &[]))
                    }
                },
            }
        }
    }
}

/// The span that the client names as the parent: in the request, or else in the header of its transport.
/// <https://modelcontextprotocol.io/specification/2026-07-28/basic#meta>
#[cfg(feature = "otel")]
fn trace_parent(http: &HttpEvent, params: &Map<String, Value>) -> Option<String> {
    const NAME: &str = "traceparent";
    let own = params.get("_meta").and_then(|meta| meta.get(NAME)).and_then(Value::as_str);
    own.or_else(|| http.header(NAME)).map(str::to_owned)
}

/// The message of a request.
fn read(http: &mut HttpEvent) -> Result<Message, Failed> {
    let fault = |status, message: &str| (Value::Null, Fault::new(Code::InvalidRequest, message).status(status));
    if http.method != "POST" {
        return Err(fault(405, "this server keeps no sessions and sends no streams; send each message with POST"));
    }
    if http.is_foreign() {
        return Err(fault(403, "the `Origin` is not that of this server"));
    }
    if !http.is_json() {
        return Err(fault(415, "the `Content-Type` must be `application/json`"));
    }
    if !http.accepts_json() {
        return Err(fault(406, "replies are JSON; accept `application/json`"));
    }
    let text = http
        .text()
        .map_err(|_| (Value::Null, Fault::new(Code::Parse, "the body must be JSON in UTF-8, or that in base64")))?;
    rpc::message(&text)
}

/// A tool call. A caller who is denied still reaches the pipeline, which logs and counts the refusal.
fn call(
    envelope: Envelope,
    mut params: Map<String, Value>,
    caller: Result<Attributes, Denied>,
    can_ask: bool,
) -> Result<Decoded, Failed> {
    let name = match params.remove("name") {
        Some(Value::String(name)) => Ok(name),
        _ => Err(Fault::new(Code::InvalidParams, "`params.name` must be the name of a tool")),
    };
    let (name, elicitation, status, caller) = match caller {
        // a caller who is denied is not told what else is wrong
        Err(Denied { status, error }) => (name.unwrap_or_default(), Elicitation::default(), status, Err(error)),
        Ok(identity) => {
            let elicitation = match envelope.era {
                Era::Modern => elicitation::read(&mut params, can_ask),
                Era::Legacy => Ok(Elicitation::default()),
            };
            match name.and_then(|name| Ok((name, elicitation?))) {
                Ok((name, elicitation)) => (name, elicitation, 403, Ok(identity)),
                Err(fault) => return Err((envelope.id, fault)),
            }
        }
    };
    let arguments = take_object(params.remove("arguments").unwrap_or_default(), "`arguments`");
    let metadata = CallMetadata { elicitation, ..CallMetadata::default() };
    let mut decoded = decoded(Echo::Mcp { envelope: Box::new(envelope), status }, name, arguments, metadata);
    match caller {
        Ok(identity) => decoded.call.session_attributes = identity,
        Err(error) => decoded.unreadable = Some(error),
    }
    Ok(decoded)
}

/// The result of a method that is not a tool call.
fn result(
    era: Era,
    method: &str,
    mut params: Map<String, Value>,
    server: &Server<'_>,
) -> Result<Map<String, Value>, Fault> {
    let result = match (era, method) {
        (Era::Modern, "server/discover") => json!({"supportedVersions": [MODERN], "capabilities": {"tools": {}}}),
        (_, "tools/list") => {
            if params.remove("cursor").is_some_and(|cursor| !cursor.is_null()) {
                return Err(Fault::new(Code::InvalidParams, "unknown cursor: the list has one page"));
            }
            json!({"tools": listed(era, (server.tools)())})
        }
        (Era::Legacy, "initialize") => {
            let Some(Value::String(asked)) = params.remove("protocolVersion") else {
                return Err(Fault::new(Code::InvalidParams, "`params.protocolVersion` must be a version"));
            };
            let known = LEGACY.into_iter().find(|version| *version == asked);
            json!({
                "protocolVersion": known.unwrap_or(NEWEST_LEGACY),
                "capabilities": {"tools": {}},
                "serverInfo": {"name": &*server.group, "version": version(server.version)},
            })
        }
        (Era::Legacy, "ping") => json!({}),
        _ => return Err(Fault::new(Code::MethodNotFound, "this server does not have this method")),
    };
    let Value::Object(mut result) = result else { return Ok(Map::new()) };
    if method != "tools/list" && method != "ping" && !server.description.is_empty() {
        result.insert("instructions".to_owned(), server.description.into());
    }
    if era == Era::Modern {
        result.insert("ttlMs".to_owned(), TTL_MS.into());
        // the list is the same for all callers, but a shared cache must not show it to callers who are refused
        let scope = if server.declared.anonymous_mcp { "public" } else { "private" };
        result.insert("cacheScope".to_owned(), scope.into());
    }
    Ok(result)
}

/// The tools for a client. Older protocols describe only outputs that are objects.
fn listed(era: Era, mut tools: Value) -> Value {
    let is_object = |schema: &Value| schema.get("type").and_then(Value::as_str) == Some("object");
    if era == Era::Legacy {
        for tool in tools.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
            if !tool.get("outputSchema").is_some_and(is_object) {
                tool.remove("outputSchema");
            }
        }
    }
    tools
}

fn not_named() -> Denied {
    Denied { status: 403, error: ToolError::refused("this function does not accept calls on the mcp wire") }
}

/// The value of `WWW-Authenticate`. AWS renames the header on its way, which does no harm.
fn challenge(http: &HttpEvent, settings: &McpSettings) -> String {
    match settings.issuers.is_empty() {
        true => "Bearer".to_owned(),
        false => {
            let path = if http.path == "/" { "" } else { http.path.as_str() };
            let metadata = format!("https://{}{}{path}", http.domain, metadata::WELL_KNOWN);
            format!("Bearer resource_metadata=\"{metadata}\"")
        }
    }
}

/// The version of the server. A local agent may have none.
fn version(version: &str) -> &str {
    if version.is_empty() { "0" } else { version }
}

/// The name of a method for the log, which contains no text of a client.
fn known(method: &str) -> &'static str {
    const METHODS: [&str; 4] = ["server/discover", "tools/list", "initialize", "ping"];
    METHODS.into_iter().find(|name| *name == method).unwrap_or("(unknown)")
}
