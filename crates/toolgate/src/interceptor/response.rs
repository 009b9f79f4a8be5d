//! A response on its way back through the gateway: what a RESPONSE interceptor can read and change.

use serde_json::{Map, Value, json};

use super::{VERSION, header, mcp, method, tool};

/// A response on its way through the gateway, with the request that it answers.
///
/// `Debug` shows no header and no body, because both come from the caller.
#[derive(Clone)]
pub struct InterceptedResponse {
    request: Map<String, Value>,
    /// The members of `gatewayResponse` without a field of their own here. Unknown members are passed on unchanged.
    rest: Map<String, Value>,
    status: u16,
    headers: Map<String, Value>,
    body: Value,
}

/// Why an event is not a valid response.
///
/// The function must still return an answer. A function that fails leaves the client with a generic error.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotAResponse {
    /// The event is not version 1.0 of the interceptor format, or does not contain the request.
    Format,
    /// The event is for a request, so the function is attached to the wrong interception point.
    Request,
}

impl std::fmt::Display for NotAResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Format => "this is not an interceptor response in format 1.0",
            Self::Request => "this is a request; attach the interceptor to `RESPONSE` only",
        })
    }
}

impl std::error::Error for NotAResponse {}

impl std::fmt::Debug for InterceptedResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InterceptedResponse").field("status", &self.status).finish_non_exhaustive()
    }
}

impl InterceptedResponse {
    /// Decodes the event of a response interceptor.
    ///
    /// # Errors
    /// [`NotAResponse`].
    pub fn decode(mut event: Value) -> Result<Self, NotAResponse> {
        let mcp = mcp(&mut event).ok_or(NotAResponse::Format)?;
        let Some(Value::Object(request)) = mcp.remove("gatewayRequest") else { return Err(NotAResponse::Format) };
        let mut rest = match mcp.remove("gatewayResponse") {
            None | Some(Value::Null) => return Err(NotAResponse::Request),
            Some(Value::Object(response)) => response,
            Some(_) => return Err(NotAResponse::Format),
        };
        let status = rest.remove("statusCode").as_ref().and_then(Value::as_u64).and_then(|it| u16::try_from(it).ok());
        let headers = match rest.remove("headers") {
            Some(Value::Object(headers)) => headers,
            _ => Map::new(),
        };
        let body = rest.remove("body").unwrap_or_default();
        Ok(Self { request, rest, status: status.ok_or(NotAResponse::Format)?, headers, body })
    }

    /// The JSON-RPC method of the request, such as `tools/call`.
    #[must_use]
    pub fn method(&self) -> Option<&str> {
        method(&self.request)
    }

    /// The name of the called tool, with its target: `orders___get_order_status`.
    #[must_use]
    pub fn tool(&self) -> Option<&str> {
        tool(&self.request)
    }

    /// The value of a header of the request. The case of the name does not matter. `None` also where the header occurs
    /// twice. The gateway passes headers only with `PassRequestHeaders`.
    #[must_use]
    pub fn request_header(&self, name: &str) -> Option<&str> {
        header(self.request.get("headers")?.as_object()?, name)
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The JSON-RPC message.
    #[must_use]
    pub fn body(&self) -> &Value {
        &self.body
    }

    /// The JSON-RPC message, mutable.
    pub fn body_mut(&mut self) -> &mut Value {
        &mut self.body
    }

    /// Keeps the listed tools for which `keep` returns true. `keep` gets the name with its target. Other responses do
    /// not change.
    ///
    /// A hidden tool can still be called. Policies and request interceptors prevent calls.
    pub fn retain_tools(&mut self, mut keep: impl FnMut(&str) -> bool) {
        if let Some(tools) = self.body.pointer_mut("/result/tools").and_then(Value::as_array_mut) {
            tools.retain(|tool| tool.get("name").and_then(Value::as_str).is_none_or(&mut keep));
        }
    }

    /// The text parts of a tool's result, mutable. Structured content is in [`Self::body_mut`].
    pub fn texts_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let content = self.body.pointer_mut("/result/content").and_then(Value::as_array_mut);
        content.into_iter().flatten().filter_map(|piece| match piece.get_mut("text") {
            Some(Value::String(text)) => Some(text),
            _ => None,
        })
    }

    /// Sets a header of the response and removes all other spellings of its name.
    pub fn set_header(&mut self, name: &str, value: &str) {
        self.headers.retain(|key, _| !key.eq_ignore_ascii_case(name));
        self.headers.insert(name.to_owned(), value.into());
    }

    /// The answer that passes the response on, with its changes.
    #[must_use]
    pub fn forward(self) -> Value {
        let mut response = self.rest;
        response.insert("statusCode".to_owned(), self.status.into());
        if !self.headers.is_empty() {
            response.insert("headers".to_owned(), Value::Object(self.headers));
        }
        response.insert("body".to_owned(), self.body);
        json!({"interceptorOutputVersion": VERSION, "mcp": {"transformedGatewayResponse": response}})
    }

    /// The answer that replaces the response with an error. The client reads `reason`, and nothing of the response.
    #[must_use]
    pub fn withhold(self, reason: &str) -> Value {
        super::answer(self.body.get("id"), reason)
    }
}
