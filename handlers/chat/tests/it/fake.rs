//! A service that answers each request as the test has written, as an event stream or as an error.

use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::Response,
};
use bytes::BytesMut;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// One answer.
#[derive(Clone)]
pub(crate) enum Reply {
    /// An error without a stream.
    Refuse(u16, &'static str, Value),
    /// A stream.
    Stream(Vec<Frame>),
}

/// A part of a stream.
#[derive(Clone)]
pub(crate) enum Frame {
    Event(&'static str, Value),
    Exception(&'static str, Value),
    /// The connection breaks.
    Break,
    Wait(Duration),
}

/// What was asked.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) uri: String,
    pub(crate) session: String,
    pub(crate) body: Value,
}

/// A service on its own port.
pub(crate) struct Fake {
    pub(crate) url: String,
    state: Shared,
}

#[derive(Clone)]
struct Shared {
    replies: Arc<Mutex<VecDeque<Reply>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Fake {
    /// Answers with each reply once, and with the last one from then on.
    pub(crate) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Shared { replies: Arc::new(Mutex::new(replies.into_iter().collect())), asked: Arc::default() };
        let router = Router::new().fallback(answer).with_state(state.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { url, state }
    }

    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.state.asked.lock().unwrap().clone()
    }
}

async fn answer(State(state): State<Shared>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let session = parts.headers.get("x-amzn-bedrock-agentcore-runtime-session-id");
    state.asked.lock().unwrap().push(Asked {
        uri: parts.uri.to_string(),
        session: session.map(|id| id.to_str().unwrap().to_owned()).unwrap_or_default(),
        body: serde_json::from_slice(&body).unwrap(),
    });
    let reply = {
        let mut replies = state.replies.lock().unwrap();
        if replies.len() > 1 { replies.pop_front().unwrap() } else { replies.front().unwrap().clone() }
    };
    match reply {
        Reply::Refuse(status, code, body) => Response::builder()
            .status(status)
            .header("x-amzn-errortype", code)
            .body(Body::from(body.to_string()))
            .unwrap(),
        Reply::Stream(frames) => {
            let frames = stream::iter(frames).filter_map(async |frame| match frame {
                Frame::Event(kind, payload) => Some(Ok(encoded("event", ":event-type", kind, &payload))),
                Frame::Exception(kind, payload) => Some(Ok(encoded("exception", ":exception-type", kind, &payload))),
                Frame::Break => {
                    // what came before is on its way
                    tokio::time::sleep(Duration::from_millis(30)).await;
                    Some(Err(io::Error::other("as the test has written")))
                }
                Frame::Wait(wait) => {
                    tokio::time::sleep(wait).await;
                    None
                }
            });
            Response::builder()
                .header("content-type", "application/vnd.amazon.eventstream")
                .header("x-amzn-bedrock-agent-content-type", "application/json")
                .header("x-amz-bedrock-agent-session-id", "session")
                .body(Body::from_stream(frames))
                .unwrap()
        }
    }
}

fn encoded(message: &'static str, name: &'static str, kind: &'static str, payload: &Value) -> BytesMut {
    let header = |name: &'static str, value: &'static str| Header::new(name, HeaderValue::String(value.into()));
    let frame = Message::new(payload.to_string())
        .add_header(header(":message-type", message))
        .add_header(header(name, kind))
        .add_header(header(":content-type", "application/json"));
    let mut bytes = BytesMut::new();
    write_message_to(&frame, &mut bytes).unwrap();
    bytes
}

/// A service that is busy.
pub(crate) fn throttled() -> Reply {
    Reply::Refuse(429, "ThrottlingException", json!({"message": "SECRET of the service"}))
}

/// The frames of an agent.
pub(crate) mod agent {
    use base64::{Engine, prelude::BASE64_STANDARD};
    use serde_json::{Value, json};

    use super::Frame;

    pub(crate) fn chunk(text: impl AsRef<[u8]>) -> Frame {
        Frame::Event("chunk", json!({"bytes": BASE64_STANDARD.encode(text)}))
    }

    /// A part of the trace of an agent's step.
    pub(crate) fn step(member: &str, fields: Value) -> Frame {
        let mut fields = fields;
        fields["traceId"] = json!("step-0");
        let trace = json!({"orchestrationTrace": {member: fields}});
        Frame::Event("trace", json!({"agentId": "AGENT12345", "sessionId": "session", "trace": trace}))
    }

    /// A model turn that has ended.
    pub(crate) fn model(model: &str, input: u64, output: u64) -> [Frame; 2] {
        let usage = json!({"inputTokens": input, "outputTokens": output});
        [
            step("modelInvocationInput", json!({"foundationModel": model})),
            step("modelInvocationOutput", json!({"metadata": {"usage": usage}})),
        ]
    }

    /// A call of a function.
    pub(crate) fn call(function: &str, parameters: Value) -> Frame {
        let action = json!({"actionGroupName": "desk", "function": function, "parameters": parameters});
        step("invocationInput", json!({"invocationType": "ACTION_GROUP", "actionGroupInvocationInput": action}))
    }

    /// The reply of a function.
    pub(crate) fn reply(text: &str) -> Frame {
        step("observation", json!({"type": "ACTION_GROUP", "actionGroupInvocationOutput": {"text": text}}))
    }

    /// A question whether functions may run.
    pub(crate) fn question(functions: &[(&str, Value)]) -> Frame {
        let input = |(name, parameters): &(&str, Value)| {
            json!({"functionInvocationInput": {
                "actionGroup": "desk",
                "function": name,
                "agentId": "BILLING123",
                "collaboratorName": "Billing",
                "actionInvocationType": "USER_CONFIRMATION",
                "parameters": parameters,
            }})
        };
        let inputs: Vec<Value> = functions.iter().map(input).collect();
        Frame::Event("returnControl", json!({"invocationId": "invocation-1", "invocationInputs": inputs}))
    }
}
