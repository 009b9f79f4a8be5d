//! JSON-RPC: one request of a body, and the errors with their codes and statuses.

use serde_json::{Map, Value, json};

use super::http;
use crate::{sanitize, wire::json::object};

/// A fault of the protocol: a code, a message, and the HTTP status of a modern reply.
///
/// <https://modelcontextprotocol.io/specification/2026-07-28/basic/transports/streamable-http>
#[derive(Clone, Copy)]
pub(super) enum Code {
    Parse,
    InvalidRequest,
    MethodNotFound,
    InvalidParams,
    /// A required key of `_meta` is missing.
    InvalidMeta,
    HeaderMismatch,
    UnsupportedVersion,
}

impl Code {
    /// The one table: the code, and the status where the protocol fixes one.
    const fn row(self) -> (i64, u16) {
        match self {
            Self::Parse => (-32700, 400),
            Self::InvalidRequest => (-32600, 400),
            Self::MethodNotFound => (-32601, 404),
            Self::InvalidParams => (-32602, 200),
            Self::InvalidMeta => (-32602, 400),
            Self::HeaderMismatch => (-32020, 400),
            Self::UnsupportedVersion => (-32022, 400),
        }
    }
}

/// An error reply.
pub(super) struct Fault {
    code: Code,
    message: String,
    data: Option<Box<Value>>,
    status: u16,
}

impl Fault {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), data: None, status: code.row().1 }
    }

    pub(super) fn data(mut self, data: Value) -> Self {
        self.data = Some(Box::new(data));
        self
    }

    pub(super) fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// The status, for the log.
    pub(super) const fn code(&self) -> u16 {
        self.status
    }

    /// The HTTP response for the request `id`.
    pub(super) fn response(self, id: &Value, headers: &[(&str, &str)]) -> Value {
        let mut error = json!({"code": self.code.row().0, "message": self.message});
        if let (Some(data), Some(error)) = (self.data, error.as_object_mut()) {
            error.insert("data".to_owned(), *data);
        }
        sanitize::value(&mut error);
        let body = object([("jsonrpc", "2.0".into()), ("id", id.clone()), ("error", error)]);
        http::response(self.status, headers, &body)
    }
}

/// One message of a client.
pub(super) struct Message {
    /// `None` for a notification.
    pub(super) id: Option<Value>,
    pub(super) method: String,
    pub(super) params: Map<String, Value>,
}

/// A fault, with the id of the message where it has one.
pub(super) type Failed = (Value, Fault);

/// Parses a body.
pub(super) fn message(text: &str) -> Result<Message, Failed> {
    let fault = |id: Value, message: &str| (id, Fault::new(Code::InvalidRequest, message));
    let parsed: Value =
        serde_json::from_str(text).map_err(|_| (Value::Null, Fault::new(Code::Parse, "the body is not valid JSON")))?;
    let mut members = match parsed {
        Value::Object(members) => members,
        Value::Array(_) => return Err(fault(Value::Null, "a body contains one message; batches are not supported")),
        _ => return Err(fault(Value::Null, "the body must be a JSON-RPC message")),
    };
    let id = match members.remove("id") {
        None => None,
        Some(Value::String(id)) => Some(Value::String(id)),
        Some(Value::Number(id)) if id.is_i64() || id.is_u64() => Some(Value::Number(id)),
        Some(_) => return Err(fault(Value::Null, "`id` must be a string or an integer")),
    };
    let known = || id.clone().unwrap_or_default();
    if members.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return Err(fault(known(), "`jsonrpc` must be `2.0`"));
    }
    let Some(Value::String(method)) = members.remove("method") else {
        return Err(fault(known(), "`method` must name a method; this server sends no requests"));
    };
    let params = match members.remove("params") {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(params)) => params,
        Some(_) => return Err((known(), Fault::new(Code::InvalidParams, "`params` must be an object"))),
    };
    Ok(Message { id, method, params })
}
