//! Lambda's Invoke operation, in the protocol of the AWS SDKs.
//!
//! <https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html>

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, State},
    response::{IntoResponse, Response},
    routing::post,
};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header::CONTENT_TYPE};
use serde::de::IgnoredAny;
use serde_json::json;

use crate::{
    http::body::{self, Refused},
    lambda::{Event, Functions, Invocation, InvokeError, PAYLOAD_BYTES},
};

/// Lambda's limit on an event of an asynchronous invocation: 1 MB.
const EVENT_BYTES: usize = 1024 * 1024;

pub(crate) fn routes(functions: Functions) -> Router {
    Router::new().route("/2015-03-31/functions/{name}/invocations", post(invoke)).with_state(functions)
}

async fn invoke(
    State(functions): State<Functions>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    answer(&functions, &name, &headers, body).await.unwrap_or_else(Refusal::into_response)
}

async fn answer(functions: &Functions, name: &str, headers: &HeaderMap, body: Body) -> Result<Response, Refusal> {
    let Request { kind, with_log, event } = Request::read(functions, name, headers, body).await?;
    match kind.as_str() {
        "RequestResponse" => {
            let invocation = functions.run(name, Event { with_log, ..event }).await?;
            Ok(reply(invocation, with_log))
        }
        "Event" => {
            let (functions, name) = (functions.clone(), name.to_owned());
            // The invocation is asynchronous, and Lambda passes no client context in that case.
            let event = Event { client_context: None, ..event };
            tokio::spawn(async move { functions.run(&name, event).await });
            Ok(StatusCode::ACCEPTED.into_response())
        }
        "DryRun" => Ok(StatusCode::NO_CONTENT.into_response()),
        other => Err(Refusal::invocation_type(other, "RequestResponse, Event or DryRun")),
    }
}

/// The parts of a request to invoke a function.
pub(super) struct Request {
    /// The invocation type.
    pub(super) kind: String,
    /// The caller wants the last lines of the log.
    pub(super) with_log: bool,
    pub(super) event: Event,
}

impl Request {
    pub(super) async fn read(
        functions: &Functions,
        name: &str,
        headers: &HeaderMap,
        body: Body,
    ) -> Result<Self, Refusal> {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let kind = header("x-amz-invocation-type").unwrap_or("RequestResponse");
        let limit = if kind == "Event" { EVENT_BYTES } else { PAYLOAD_BYTES };
        let payload = body::read(body, limit).await;
        // The name is checked first, because a wrong name is the most frequent mistake.
        functions.resolve(name)?;
        let payload = match payload {
            Ok(payload) => event(payload)?,
            Err(Refused::TooLarge) => return Err(Refusal::too_large(limit)),
            Err(Refused::Broken) => return Err(Refusal::bad_content("the request body could not be read".to_owned())),
        };
        let client_context =
            headers.get("x-amz-client-context").map(|value| client_context(value.as_bytes())).transpose()?;
        let trace_id = header("x-amzn-trace-id").map(str::to_owned);
        Ok(Self {
            kind: kind.to_owned(),
            with_log: header("x-amz-log-type") == Some("Tail"),
            event: Event { payload, client_context, trace_id, ..Event::default() },
        })
    }
}

/// The event: the body, which must be JSON. An empty body is an empty object, as on Lambda.
fn event(payload: Bytes) -> Result<Bytes, Refusal> {
    if payload.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    match serde_json::from_slice::<IgnoredAny>(&payload) {
        Ok(_) => Ok(payload),
        Err(error) => Err(Refusal::bad_content(format!("Could not parse request body into json: {error}"))),
    }
}

/// The JSON text of a client context. Any JSON is accepted; the function validates its content.
fn client_context(header: &[u8]) -> Result<String, Refusal> {
    let decoded = BASE64.decode(header.trim_ascii()).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    decoded
        .filter(|text| serde_json::from_str::<IgnoredAny>(text).is_ok())
        .ok_or_else(|| Refusal::bad_content("Client context must be a valid Base64-encoded JSON object.".to_owned()))
}

fn reply(invocation: Invocation, with_log: bool) -> Response {
    let mut response = Response::new(Body::from(invocation.payload));
    let log = with_log.then(|| BASE64.encode(invocation.log_tail));
    let values = [
        ("x-amz-executed-version", Some("$LATEST".to_owned())),
        ("x-amz-function-error", invocation.function_error),
        ("x-amz-log-result", log),
        ("x-amzn-requestid", Some(invocation.request_id)),
        ("toolgate-turn", invocation.turn),
    ];
    for (name, value) in values {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            response.headers_mut().insert(HeaderName::from_static(name), value);
        }
    }
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A request that gets no reply from a function.
pub(super) struct Refusal {
    status: StatusCode,
    kind: &'static str,
    message: String,
}

impl Refusal {
    pub(super) fn invocation_type(given: &str, accepted: &str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            kind: "InvalidParameterValueException",
            message: format!("`{given}` is not an invocation type; use {accepted}"),
        }
    }

    fn bad_content(message: String) -> Self {
        Self { status: StatusCode::BAD_REQUEST, kind: "InvalidRequestContentException", message }
    }

    fn too_large(limit: usize) -> Self {
        let message = format!("Request must be smaller than {limit} bytes for the InvokeFunction operation");
        Self { status: StatusCode::PAYLOAD_TOO_LARGE, kind: "RequestEntityTooLargeException", message }
    }

    pub(super) fn into_response(self) -> Response {
        let body = Json(json!({"Type": "User", "Message": self.message}));
        (self.status, [("x-amzn-errortype", self.kind)], body).into_response()
    }
}

impl From<InvokeError> for Refusal {
    fn from(error: InvokeError) -> Self {
        let (status, kind) = match error {
            InvokeError::Unknown { .. } => (StatusCode::NOT_FOUND, "ResourceNotFoundException"),
            InvokeError::Stopping => (StatusCode::INTERNAL_SERVER_ERROR, "ServiceException"),
        };
        Self { status, kind, message: error.to_string() }
    }
}
