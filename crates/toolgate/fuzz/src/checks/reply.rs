//! Reads a reply as its caller does. The rules are written independently of the framework: the wire of an event, the
//! contents of the envelope, and the form of each kind of error.

use serde_json::{Map, Value};
use toolgate::Wire;

/// Kind, status, and whether the model is asked to try again.
const ERRORS: [(&str, u64, bool); 10] = [
    ("invalid", 400, true),
    ("unknown tool", 404, true),
    ("refused", 403, false),
    ("not found", 404, false),
    ("conflict", 409, false),
    ("in progress", 409, false),
    ("waiting for approval", 202, false),
    ("too large", 413, true),
    ("timed out", 504, false),
    ("internal", 500, false),
];

/// The body of a reply.
#[derive(Debug, PartialEq)]
pub(super) enum Body {
    Output(Value),
    Error { kind: String, message: String, problems: Vec<Value> },
}

impl Body {
    /// The error's kind. `None` for an output.
    pub(super) fn kind(&self) -> Option<&str> {
        match self {
            Self::Output(_) => None,
            Self::Error { kind, .. } => Some(kind),
        }
    }
}

/// The wire of an event.
pub(super) fn wire(event: &Value, client_context: Option<&Value>) -> Option<Wire> {
    let custom = client_context.and_then(|context| context.get("custom"));
    if custom.is_some_and(|custom| custom.get("bedrockAgentCoreToolName").is_some_and(Value::is_string)) {
        return Some(Wire::Gateway);
    }
    // if the context has a key of the gateway, the event is never a call on another wire
    if client_context.is_some_and(is_gateways) {
        return None;
    }
    if event.pointer("/requestContext/http").is_some_and(Value::is_object) {
        return Some(Wire::Mcp);
    }
    let has = |name: &str| event.get(name).is_some_and(Value::is_string);
    if event.get("messageVersion").is_some() && has("actionGroup") {
        if has("function") {
            return Some(Wire::Function);
        }
        if has("apiPath") && has("httpMethod") {
            return Some(Wire::Api);
        }
    }
    has("toolName").then_some(Wire::Direct)
}

/// Whether a client context, or JSON text inside of it, contains a key of the gateway.
fn is_gateways(value: &Value) -> bool {
    match value {
        Value::Object(members) => members
            .iter()
            .any(|(name, member)| name.to_ascii_lowercase().starts_with("bedrockagentcore") || is_gateways(member)),
        Value::Array(items) => items.iter().any(is_gateways),
        Value::String(text) => serde_json::from_str::<Value>(text).is_ok_and(|inner| is_gateways(&inner)),
        _ => false,
    }
}

/// Reads the reply to an event on `wire`. Panics where a caller could not read it.
pub(super) fn read(wire: Wire, event: &Value, reply: &Value) -> Body {
    match wire {
        Wire::Function => function(event, reply),
        Wire::Api => api(event, reply),
        Wire::Gateway => body(reply.clone()),
        Wire::Mcp => unanswered(reply),
        _ => direct(reply),
    }
}

/// The desks do not name this wire, so each request is an error, and a tool call is refused.
fn unanswered(reply: &Value) -> Body {
    assert_members(reply, &["statusCode", "headers", "body", "cookies", "isBase64Encoded"]);
    let message: Value = serde_json::from_str(reply["body"].as_str().unwrap()).unwrap();
    assert_members(&message, &["jsonrpc", "id", "error"]);
    assert!(reply["statusCode"].as_u64().is_some_and(|status| status >= 400), "{reply}");
    Body::Error { kind: "refused".to_owned(), message: String::new(), problems: Vec::new() }
}

fn direct(reply: &Value) -> Body {
    assert_members(reply, &["statusCode", "body"]);
    let body = text_body(&reply["body"]);
    assert_eq!(reply["statusCode"].as_u64(), Some(status(&body)), "{reply}");
    body
}

fn function(event: &Value, reply: &Value) -> Body {
    let response = envelope(event, reply);
    let function_response = &response["functionResponse"];
    assert_eq!(response["actionGroup"], event["actionGroup"]);
    assert_eq!(response["function"], event["function"]);
    assert_members(response, &["actionGroup", "function", "functionResponse"]);
    assert_members(&function_response["responseBody"], &["TEXT"]);
    assert_members(&function_response["responseBody"]["TEXT"], &["body"]);
    let body = text_body(&function_response["responseBody"]["TEXT"]["body"]);
    let state = function_response.get("responseState").map(|state| state.as_str().unwrap());
    match row(&body) {
        // the tool itself was asked for this error
        _ if state == Some("FAILURE") => assert_eq!(body.kind(), Some("conflict"), "{reply}"),
        Some((_, _, true)) => assert_eq!(state, Some("REPROMPT"), "{reply}"),
        _ => assert_eq!(state, None, "{reply}"),
    }
    body
}

fn api(event: &Value, reply: &Value) -> Body {
    let response = envelope(event, reply);
    assert_members(response, &["actionGroup", "apiPath", "httpMethod", "httpStatusCode", "responseBody"]);
    for name in ["actionGroup", "apiPath", "httpMethod"] {
        assert_eq!(response[name], event[name]);
    }
    assert_members(&response["responseBody"], &["application/json"]);
    assert_members(&response["responseBody"]["application/json"], &["body"]);
    let body = text_body(&response["responseBody"]["application/json"]["body"]);
    assert_eq!(response["httpStatusCode"].as_u64(), Some(status(&body)), "{reply}");
    body
}

/// Checks the part that both Agents wires share. Bedrock replaces its attributes with those of the reply, so none may
/// be lost or added.
fn envelope<'a>(event: &Value, reply: &'a Value) -> &'a Value {
    assert_members(reply, &["messageVersion", "response", "sessionAttributes", "promptSessionAttributes"]);
    assert_eq!(reply["messageVersion"], "1.0");
    // this also holds where they are not texts and the call was refused for that reason
    let session = event.get("sessionAttributes").cloned().unwrap_or_else(|| Value::Object(Map::new()));
    assert_eq!(reply["sessionAttributes"], session);
    let text = |value: &Value| match value {
        Value::Null => Value::from(""),
        Value::String(_) => value.clone(),
        other => other.to_string().into(),
    };
    let sent = event.get("promptSessionAttributes").and_then(Value::as_object).into_iter().flatten();
    let sent: Map<String, Value> = sent.map(|(name, value)| (name.clone(), text(value))).collect();
    assert_eq!(reply["promptSessionAttributes"], Value::Object(sent));
    &reply["response"]
}

fn text_body(body: &Value) -> Body {
    self::body(serde_json::from_str(body.as_str().expect("a body is text")).expect("a body is JSON"))
}

fn body(value: Value) -> Body {
    let Some(error) = value.get("error") else { return Body::Output(value) };
    assert_members(&value, &["error"]);
    assert_members(error, &["kind", "message", "problems"]);
    let problems = error["problems"].as_array().expect("problems are a list").clone();
    for problem in &problems {
        assert_members(problem, &["path", "expected", "got"]);
        assert!(problem.as_object().unwrap().values().all(Value::is_string), "{problem}");
    }
    let text = |name: &str| error[name].as_str().expect("text").to_owned();
    let body = Body::Error { kind: text("kind"), message: text("message"), problems };
    assert!(row(&body).is_some(), "{value}");
    body
}

fn row(body: &Body) -> Option<(&'static str, u64, bool)> {
    ERRORS.into_iter().find(|(kind, ..)| Some(*kind) == body.kind())
}

fn status(body: &Body) -> u64 {
    row(body).map_or(200, |(_, status, _)| status)
}

fn assert_members(value: &Value, names: &[&str]) {
    let members = value.as_object().unwrap_or_else(|| panic!("no object: {value}"));
    assert_eq!(members.len(), names.len(), "{names:?} were expected: {value}");
    assert!(names.iter().all(|name| members.contains_key(*name)), "{names:?} were expected: {value}");
}
