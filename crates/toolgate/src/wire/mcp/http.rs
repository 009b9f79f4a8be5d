//! HTTP as Lambda sends and reads it: events of payload format 2.0, and their replies.
//!
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value};

use crate::wire::json::{object, own_text};

/// An HTTP request, read from an event.
pub(crate) struct HttpEvent {
    pub(super) method: String,
    pub(super) path: String,
    /// The name under which the client reached the endpoint. The platform sets it.
    pub(super) domain: String,
    headers: Map<String, Value>,
    body: Option<String>,
    is_base64: bool,
    /// What an authorizer has verified. `None` where there is no authorizer.
    pub(super) authorizer: Option<Value>,
}

/// Why a body has no text.
pub(super) struct UnreadableBody;

impl HttpEvent {
    /// Whether an event is an HTTP request.
    pub(crate) fn is(event: &Map<String, Value>) -> bool {
        event.get("requestContext").and_then(|context| context.get("http")).is_some_and(Value::is_object)
    }

    pub(crate) fn take(mut event: Map<String, Value>) -> Self {
        let mut object = |name: &str| match event.remove(name) {
            Some(Value::Object(members)) => members,
            _ => Map::new(),
        };
        let (headers, mut context) = (object("headers"), object("requestContext"));
        let http = context.remove("http").unwrap_or_default();
        let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
        Self {
            method: text(http.get("method")),
            path: text(event.get("rawPath")),
            domain: own_text(context.remove("domainName").unwrap_or_default()),
            headers,
            is_base64: event.get("isBase64Encoded") == Some(&Value::Bool(true)),
            body: event.remove("body").as_ref().and_then(Value::as_str).map(str::to_owned),
            authorizer: context.remove("authorizer").filter(|authorizer| !authorizer.is_null()),
        }
    }

    /// A header's value. Names are in lower case, and repeated headers are joined by a comma.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(Value::as_str).map(str::trim)
    }

    /// The text of the body.
    pub(super) fn text(&mut self) -> Result<String, UnreadableBody> {
        let body = self.body.take().ok_or(UnreadableBody)?;
        match self.is_base64 {
            true => {
                let bytes = BASE64_STANDARD.decode(body).map_err(|_| UnreadableBody)?;
                String::from_utf8(bytes).map_err(|_| UnreadableBody)
            }
            false => Ok(body),
        }
    }

    /// Whether the request comes from a page of another origin. A client that is not a browser sends no `Origin`.
    pub(super) fn is_foreign(&self) -> bool {
        let own = |origin: &str| {
            let authority = origin.split_once("://").map(|(_, authority)| authority);
            !self.domain.is_empty() && authority.is_some_and(|authority| authority.eq_ignore_ascii_case(&self.domain))
        };
        self.headers.contains_key("origin") && !self.header("origin").is_some_and(own)
    }

    /// Whether the body is declared as JSON.
    pub(super) fn is_json(&self) -> bool {
        let kind = self.header("content-type").unwrap_or_default();
        kind.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
    }

    /// Whether the client reads JSON. A client that sends no `Accept` reads anything.
    pub(super) fn accepts_json(&self) -> bool {
        let accepted = self.header("accept").unwrap_or("*/*").to_ascii_lowercase();
        ["application/json", "application/*", "*/*"].iter().any(|kind| accepted.contains(kind))
    }
}

/// An HTTP response. The status is always set: Lambda would guess the rest of a reply without it.
pub(super) fn response(status: u16, headers: &[(&str, &str)], body: &Value) -> Value {
    let text = match body {
        Value::Null => String::new(),
        // serialising a `Value` cannot fail, and its `Display` is slower
        body => serde_json::to_string(body).unwrap_or_default(),
    };
    let mut all = Map::new();
    if !text.is_empty() {
        all.insert("content-type".to_owned(), "application/json".into());
    }
    all.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), Value::from(*value))));
    object([
        ("statusCode", status.into()),
        ("headers", all.into()),
        ("body", text.into()),
        ("cookies", Value::Array(Vec::new())),
        ("isBase64Encoded", false.into()),
    ])
}
