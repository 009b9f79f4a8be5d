//! Responses: the event stream of a turn, and errors before the stream begins.

use std::convert::Infallible;

use axum::{
    body::{Body, Bytes},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use http::{HeaderValue, header::CONTENT_TYPE};
use tokio::sync::mpsc::UnboundedReceiver;

use super::{error::AgentError, frames, sink::Event};
use crate::http::{
    aws_response::{self, stamp},
    body::Refused,
    event_stream,
};

/// The response of InvokeAgent.
pub(crate) fn stream_of(events: UnboundedReceiver<Event>, session: &str, memory: Option<&str>) -> Response {
    let frames = stream::unfold(events, |mut events| async move {
        let event = events.recv().await?;
        Some((Ok::<Bytes, Infallible>(frames::encode(&event)), events))
    });
    let mut response = Response::new(Body::from_stream(frames));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(event_stream::CONTENT_TYPE));
    headers.insert("x-amzn-bedrock-agent-content-type", HeaderValue::from_static("application/json"));
    for (name, value) in [("x-amz-bedrock-agent-session-id", Some(session)), ("x-amz-bedrock-agent-memory-id", memory)]
    {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
            headers.insert(name, value);
        }
    }
    stamp(response)
}

/// The response of an operation, or its error.
pub(crate) fn answer(answer: Result<impl IntoResponse, AgentError>) -> Response {
    match answer {
        Ok(answer) => stamp(answer.into_response()),
        Err(error) => refuse(&error),
    }
}

/// The error for a body that cannot be used.
pub(crate) fn bad_body(refused: &Refused, too_large: impl Into<String>) -> AgentError {
    AgentError::invalid(match refused {
        Refused::TooLarge => too_large.into(),
        Refused::Broken => "the request body could not be read".to_owned(),
    })
}

/// An error of an operation: status, `x-amzn-ErrorType` and a body with the message.
pub(crate) fn refuse(error: &AgentError) -> Response {
    aws_response::error(error.kind.status(), error.kind.name(), &error.body())
}

pub(crate) fn bad_path() -> AgentError {
    AgentError::invalid("the path is not valid percent-encoded UTF-8")
}
