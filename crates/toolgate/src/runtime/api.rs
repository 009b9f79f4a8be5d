//! A client for Lambda's Runtime API: gets the next event and sends the reply.
//! <https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html>

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Method, header::CONTENT_TYPE};
use http_body_util::BodyExt;
use lambda_runtime::{Config, Context, Diagnostic, LambdaEvent};
use lambda_runtime_api_client::{Client, body::Body, build_request};
use serde_json::Value;

use super::{Error, client_context};
use crate::channel;

const REQUEST_ID: HeaderName = HeaderName::from_static("lambda-runtime-aws-request-id");
const DEADLINE: HeaderName = HeaderName::from_static("lambda-runtime-deadline-ms");
const CLIENT_CONTEXT: HeaderName = HeaderName::from_static("lambda-runtime-client-context");
const IDENTITY: HeaderName = HeaderName::from_static("lambda-runtime-cognito-identity");
const INVOCATION_ID: HeaderName = HeaderName::from_static("lambda-runtime-invocation-id");
const ERROR_TYPE: &str = "lambda-runtime-function-error-type";

pub(super) struct RuntimeApi {
    client: Client,
    config: Arc<Config>,
}

/// One event, or the reason why it cannot be read.
pub(super) struct Invocation {
    pub(super) id: InvocationId,
    /// The Runtime API wants the trace of the call.
    pub(super) wants_trace: bool,
    pub(super) event: Result<LambdaEvent<Value>, Diagnostic>,
}

/// The ids that a reply must contain.
pub(super) struct InvocationId {
    request_id: String,
    /// Returned unchanged where the platform sends one.
    invocation_id: Option<HeaderValue>,
}

impl InvocationId {
    pub(super) fn request_id(&self) -> &str {
        &self.request_id
    }
}

impl RuntimeApi {
    pub(super) fn from_env() -> Result<Self, Error> {
        if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
            return Err("this is a Lambda handler: run it with `toolgate dev` or `cargo lambda watch`, or give it the argument `describe`".into());
        }
        let variable = |name| std::env::var(name).unwrap_or_default();
        let config = Config {
            function_name: variable("AWS_LAMBDA_FUNCTION_NAME"),
            memory: variable("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").parse().unwrap_or_default(),
            version: variable("AWS_LAMBDA_FUNCTION_VERSION"),
            log_stream: variable("AWS_LAMBDA_LOG_STREAM_NAME"),
            log_group: variable("AWS_LAMBDA_LOG_GROUP_NAME"),
        };
        Ok(Self { client: Client::builder().build()?, config: Arc::new(config) })
    }

    /// Waits for the next event.
    pub(super) async fn next(&self) -> Result<Invocation, Error> {
        let request = build_request().method(Method::GET).uri("/2018-06-01/runtime/invocation/next");
        let response = self.client.call(request.body(Body::empty())?).await?;
        if !response.status().is_success() {
            return Err(format!("the Runtime API answered {} to a poll", response.status()).into());
        }
        let (parts, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        let mut headers = parts.headers;
        let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let request_id = text(&REQUEST_ID).to_owned();
        let id = InvocationId { request_id: request_id.clone(), invocation_id: headers.get(INVOCATION_ID).cloned() };
        let wants_trace = channel::is_asked(&headers);
        let event = context(&request_id, &self.config, &mut headers)
            .and_then(|context| Ok(LambdaEvent::new(payload(&body)?, context)));
        Ok(Invocation { id, wants_trace, event })
    }

    /// Sends the reply, or the error. `trace`: what the Runtime API asked for, if there is a trace.
    pub(super) async fn reply(
        &self,
        id: &InvocationId,
        outcome: Result<Value, Diagnostic>,
        trace: Option<Vec<u8>>,
    ) -> Result<(), Error> {
        let path = format!("/2018-06-01/runtime/invocation/{}", id.request_id);
        let (request, body) = match &outcome {
            Ok(reply) => {
                let (request, body) = (build_request().uri(format!("{path}/response")), serde_json::to_vec(reply)?);
                match trace {
                    // JSON on one line has no line break
                    Some(trace) => {
                        (request.header(CONTENT_TYPE, channel::CONTENT_TYPE), [body, trace].join(b"\n".as_slice()))
                    }
                    None => (request, body),
                }
            }
            Err(error) => {
                let request = build_request().uri(format!("{path}/error")).header(ERROR_TYPE, error_type(error));
                (request, serde_json::to_vec(error)?)
            }
        };
        let request = match &id.invocation_id {
            Some(invocation) => request.header(INVOCATION_ID, invocation),
            None => request,
        };
        self.post(request, body).await
    }

    /// Reports why the function cannot start.
    pub(super) async fn init_error(&self, error: &Diagnostic) -> Result<(), Error> {
        let request = build_request().uri("/2018-06-01/runtime/init/error").header(ERROR_TYPE, error_type(error));
        self.post(request, serde_json::to_vec(error)?).await
    }

    async fn post(&self, request: http::request::Builder, body: Vec<u8>) -> Result<(), Error> {
        let response = self.client.call(request.method(Method::POST).body(Body::from(body))?).await?;
        let status = response.status();
        // reading the body to its end keeps the connection open for reuse
        response.into_body().collect().await?;
        if !status.is_success() {
            // a late reply is rejected, and the loop continues with the next event
            tracing::warn!(status = status.as_u16(), "the Runtime API refused a reply");
        }
        Ok(())
    }
}

/// The event. Checking the whole body for UTF-8 at once is faster than string by string, as `from_slice` does.
fn payload(body: &[u8]) -> Result<Value, Diagnostic> {
    if body.is_empty() {
        return Ok(Value::Null);
    }
    let unreadable = |error: &dyn std::fmt::Display| diagnostic("Toolgate.UnreadableEvent", error);
    let text = std::str::from_utf8(body).map_err(|error| unreadable(&error))?;
    serde_json::from_str(text).map_err(|error| unreadable(&error))
}

fn error_type(error: &Diagnostic) -> HeaderValue {
    HeaderValue::from_str(&error.error_type).unwrap_or(HeaderValue::from_static("Toolgate.Error"))
}

fn diagnostic(kind: &str, error: &dyn std::fmt::Display) -> Diagnostic {
    Diagnostic { error_type: kind.to_owned(), error_message: error.to_string() }
}

/// Builds `lambda_runtime`'s own context, from headers that it can read.
fn context(request_id: &str, config: &Arc<Config>, headers: &mut HeaderMap) -> Result<Context, Diagnostic> {
    if let Some(raw) = headers.remove(CLIENT_CONTEXT).filter(|raw| !raw.is_empty()) {
        let unreadable = |error: &dyn std::fmt::Display| diagnostic("Toolgate.UnreadableClientContext", error);
        let context = client_context::normalise(raw.as_bytes()).map_err(|error| unreadable(&error))?;
        let ascii = ascii_json(&context);
        headers.insert(CLIENT_CONTEXT, HeaderValue::from_str(&ascii).map_err(|error| unreadable(&error))?);
    }
    let deadline =
        headers.get(DEADLINE).and_then(|value| value.to_str().ok()).and_then(|text| text.parse::<u64>().ok());
    if deadline.is_none() {
        headers.insert(DEADLINE, HeaderValue::from_static("0"));
    }
    let built = Context::new(request_id, config.clone(), headers).or_else(|_| {
        // no gate reads the Cognito identity, so an invalid one must not fail the call
        headers.remove(IDENTITY);
        Context::new(request_id, config.clone(), headers)
    });
    built.map_err(|error| diagnostic("Toolgate.UnreadableContext", &error))
}

/// JSON with all characters beyond ASCII escaped, as a header requires.
fn ascii_json(value: &Value) -> String {
    let mut ascii = String::new();
    for c in value.to_string().chars() {
        match c {
            ' '..='~' => ascii.push(c),
            _ => {
                let mut units = [0; 2];
                ascii.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
            }
        }
    }
    ascii
}
