//! AgentCore Gateway's interceptors: the event that a gateway sends to your function before it calls a tool
//! ([`Intercepted`]) or before it returns a response ([`InterceptedResponse`]), and the possible answers of the
//! function.
//!
//! # Requests
//!
//! On the gateway wire, identity comes from a request interceptor. A router reads identity from a header
//! ([`RouterBuilder::identity_header`](crate::RouterBuilder::identity_header)). A client can send any header. Therefore
//! an interceptor must set this header itself, from the token that the gateway has verified, and replace the client's
//! value:
//!
//! ```
//! use toolgate::interceptor::{Intercepted, refusal};
//!
//! fn name_the_caller(event: serde_json::Value) -> serde_json::Value {
//!     let Ok(mut request) = Intercepted::decode(event) else {
//!         return refusal("this is not a request");
//!     };
//!     match request.token_claim("customer_id") {
//!         Some(customer) => {
//!             request.set_header("X-Desk-Customer-Id", &customer);
//!             request.forward()
//!         }
//!         None => request.refuse("the token names no customer"),
//!     }
//! }
//! # let event = serde_json::json!({"interceptorInputVersion": "1.0", "mcp": {"gatewayRequest": {
//! #     "headers": {"authorization": "Bearer e30.eyJjdXN0b21lcl9pZCI6IkNVU1QtMTIzNDUifQ.x"}, "body": {"id": 1}}}});
//! # let request = &name_the_caller(event)["mcp"]["transformedGatewayRequest"];
//! # assert_eq!(request["headers"]["X-Desk-Customer-Id"], "CUST-12345");
//! ```
//!
//! # Responses
//!
//! A response interceptor reads the response and may change it: the tools in a listing, a text, a header.
//!
//! ```
//! use toolgate::interceptor::{InterceptedResponse, refusal};
//!
//! fn hide_and_mask(event: serde_json::Value) -> serde_json::Value {
//!     let Ok(mut response) = InterceptedResponse::decode(event) else {
//!         return refusal("this is not a response");
//!     };
//!     response.retain_tools(|tool| !tool.starts_with("internal___"));
//!     for text in response.texts_mut() {
//!         *text = text.replace("4111 1111 1111 1111", "****");
//!     }
//!     response.forward()
//! }
//! # let event = serde_json::json!({"interceptorInputVersion": "1.0", "mcp": {
//! #     "gatewayRequest": {"body": {"id": 1, "method": "tools/call"}},
//! #     "gatewayResponse": {"statusCode": 200, "body": {"id": 1, "result": {"content": [
//! #         {"type": "text", "text": "card 4111 1111 1111 1111"}]}}}}});
//! # let response = &hide_and_mask(event)["mcp"]["transformedGatewayResponse"];
//! # assert_eq!(response["body"]["result"]["content"][0]["text"], "card ****");
//! ```
//!
//! A function for both interception points tries to decode each in turn. An event is one or the other. Run the function
//! with [`serve`](crate::serve), as `handlers/interceptor` does. In a template, mark it with
//! `Metadata: Toolgate: {Tools: false}`. `toolgate dev` runs it in front of `/mcp`, as AWS does.
//!
//! <https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-interceptors-types.html>

mod response;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value, json};

pub use response::{InterceptedResponse, NotAResponse};

const VERSION: &str = "1.0";
/// JSON-RPC reserves -32000 to -32099 for applications.
const REFUSED: i32 = -32001;

/// A request on its way through the gateway.
///
/// `Debug` shows no header and no body, because both come from the caller.
#[derive(Clone)]
pub struct Intercepted {
    /// All members of `gatewayRequest` except the headers. Unknown members are passed on unchanged.
    rest: Map<String, Value>,
    headers: Map<String, Value>,
}

/// Why an event is not a valid request. Answer such an event with a [`refusal`]. If the function let it pass, every
/// caller would pass.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotARequest {
    /// The event is not version 1.0 of the interceptor format, or does not contain the request.
    Format,
    /// The event is for a response, so the function is attached to the wrong interception point.
    Response,
    /// The event has no headers, so the client's claims cannot be read. Set the interceptor's `PassRequestHeaders`.
    NoHeaders,
}

impl std::fmt::Display for NotARequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Format => "this is not an interceptor request in format 1.0",
            Self::Response => "this is a response; attach the interceptor to `REQUEST` only",
            Self::NoHeaders => "the gateway passes no headers; set `PassRequestHeaders` for the interceptor",
        })
    }
}

impl std::error::Error for NotARequest {}

impl std::fmt::Debug for Intercepted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Intercepted").finish_non_exhaustive()
    }
}

impl Intercepted {
    /// Decodes the event of a request interceptor.
    ///
    /// # Errors
    /// [`NotARequest`].
    pub fn decode(mut event: Value) -> Result<Self, NotARequest> {
        let mcp = mcp(&mut event).ok_or(NotARequest::Format)?;
        if mcp.get("gatewayResponse").is_some_and(|response| !response.is_null()) {
            return Err(NotARequest::Response);
        }
        let Some(Value::Object(mut rest)) = mcp.remove("gatewayRequest") else { return Err(NotARequest::Format) };
        match rest.remove("headers") {
            // every HTTP request has headers
            Some(Value::Object(headers)) if !headers.is_empty() => Ok(Self { rest, headers }),
            _ => Err(NotARequest::NoHeaders),
        }
    }

    /// The JSON-RPC method, such as `tools/call`. `None` for a batch and for a body that is not JSON-RPC.
    #[must_use]
    pub fn method(&self) -> Option<&str> {
        method(&self.rest)
    }

    /// The name of the called tool, with its target: `orders___get_order_status`.
    #[must_use]
    pub fn tool(&self) -> Option<&str> {
        tool(&self.rest)
    }

    /// The arguments of a tool call.
    #[must_use]
    pub fn arguments(&self) -> Option<&Map<String, Value>> {
        self.rest.get("body")?.pointer("/params/arguments")?.as_object()
    }

    /// The arguments of a tool call, mutable.
    pub fn arguments_mut(&mut self) -> Option<&mut Map<String, Value>> {
        self.rest.get_mut("body")?.pointer_mut("/params/arguments")?.as_object_mut()
    }

    /// Whether the request has the header, in any case, empty or not.
    #[must_use]
    pub fn has_header(&self, name: &str) -> bool {
        self.headers.keys().any(|key| key.eq_ignore_ascii_case(name))
    }

    /// The value of a header. The case of the name does not matter. `None` also where the header occurs twice, because
    /// the valid value is then unknown.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// A text claim of the bearer token, if it is a valid header value: visible ASCII, at most 256 bytes.
    ///
    /// This function does *not* check the signature. With the authorizer `CUSTOM_JWT`, the gateway checks it before it
    /// calls an interceptor. With any other authorizer, the claim is unverified input from the client.
    #[must_use]
    pub fn token_claim(&self, claim: &str) -> Option<String> {
        let (scheme, token) = self.header("authorization")?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let mut parts = token.trim().split('.');
        let (Some(_), Some(payload), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
            return None;
        };
        let payload = BASE64_URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
        let claims: Map<String, Value> = serde_json::from_slice(&payload).ok()?;
        let value = claims.get(claim)?.as_str()?;
        let fits = (1..=256).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| value.to_owned())
    }

    /// Sets a header and removes all other spellings of its name.
    pub fn set_header(&mut self, name: &str, value: &str) {
        self.headers.retain(|key, _| !key.eq_ignore_ascii_case(name));
        self.headers.insert(name.to_owned(), value.into());
    }

    /// The answer that passes the request on, with its changes.
    #[must_use]
    pub fn forward(self) -> Value {
        let mut request = self.rest;
        request.insert("headers".to_owned(), Value::Object(self.headers));
        json!({"interceptorOutputVersion": VERSION, "mcp": {"transformedGatewayRequest": request}})
    }

    /// The answer that refuses the request. The gateway calls no target. The client reads `reason`.
    #[must_use]
    pub fn refuse(self, reason: &str) -> Value {
        answer(self.rest.get("body").and_then(|body| body.get("id")), reason)
    }
}

/// The `mcp` member of an event in the known format.
fn mcp(event: &mut Value) -> Option<&mut Map<String, Value>> {
    let is_known = event.get("interceptorInputVersion").and_then(Value::as_str) == Some(VERSION);
    event.get_mut("mcp").filter(|_| is_known)?.as_object_mut()
}

/// The JSON-RPC method of a `gatewayRequest`.
fn method(request: &Map<String, Value>) -> Option<&str> {
    request.get("body")?.get("method")?.as_str()
}

/// The tool that a `gatewayRequest` calls.
fn tool(request: &Map<String, Value>) -> Option<&str> {
    (method(request) == Some("tools/call")).then(|| request.get("body")?.pointer("/params/name")?.as_str())?
}

fn header<'a>(headers: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    let mut values = headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
    match (values.next(), values.next()) {
        (Some((_, value)), None) => value.as_str(),
        _ => None,
    }
}

/// The refusal of an event that is not a valid request.
#[must_use]
pub fn refusal(reason: &str) -> Value {
    answer(None, reason)
}

fn answer(id: Option<&Value>, reason: &str) -> Value {
    let body = json!({"jsonrpc": "2.0", "id": id, "error": {"code": REFUSED, "message": reason}});
    let response = json!({"statusCode": 403, "headers": {"Content-Type": "application/json"}, "body": body});
    json!({"interceptorOutputVersion": VERSION, "mcp": {"transformedGatewayResponse": response}})
}
