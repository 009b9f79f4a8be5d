//! A chat completion as a stream of server-sent events.

use std::{collections::BTreeSet, time::Duration};

use eventsource_stream::Eventsource;
use futures_util::{StreamExt, stream};
use serde::Deserialize;
use serde_json::Value;

use super::{
    address::Address,
    answer::{Call, ChatMessage, Tokens, call_id, stop},
    failure,
};
use crate::{
    answer::{Mode, StreamWriter},
    assemble::{Assembler, Part},
    message::{ModelReply, StopReason},
    retry::AttemptError,
};

/// The order of a reply's blocks: reasoning, then text, then the calls.
const THOUGHT: i32 = 0;
const TEXT: i32 = 1;
const CALLS: i32 = 2;

#[derive(Debug, Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    #[serde(default)]
    usage: Option<Tokens>,
    #[serde(default)]
    error: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    #[serde(default)]
    delta: ChatMessage,
    #[serde(default)]
    finish_reason: Option<String>,
}

pub(super) fn is_one(response: &reqwest::Response) -> bool {
    let kind = response.headers().get("content-type").and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/event-stream"))
}

pub(super) async fn read(
    response: reqwest::Response,
    address: &Address,
    idle_timeout: Duration,
    mode: Mode,
    writer: &StreamWriter<'_>,
) -> Result<ModelReply, AttemptError> {
    let bytes = stream::unfold(response, |mut response| async move {
        response.chunk().await.transpose().map(|bytes| (bytes, response))
    });
    let mut events = std::pin::pin!(bytes.eventsource());
    let mut reply = Assembler::new(mode, writer);
    let mut calls = Calls::default();
    loop {
        let event = tokio::time::timeout(idle_timeout, events.next()).await;
        let event = match event.map_err(|_| AttemptError::timed_out(&address.model, idle_timeout))? {
            None => break,
            Some(Ok(event)) if event.data.trim() == "[DONE]" => break,
            Some(Ok(event)) => event,
            Some(Err(eventsource_stream::EventStreamError::Transport(error))) => {
                return Err(failure::unreachable(&error, address));
            }
            Some(Err(error)) => {
                return Err(failure::unreadable(address, &format!("its stream is unreadable: {error}")));
            }
        };
        let chunk: Chunk = serde_json::from_str(&event.data).map_err(|error| {
            failure::unreadable(address, &format!("a part of its stream is not a valid JSON chunk: {error}"))
        })?;
        if let Some(error) = &chunk.error {
            return Err(failure::in_answer(error, address));
        }
        if let Some(tokens) = chunk.usage {
            reply.push(Part::Usage(tokens.into()));
        }
        if let Some(choice) = chunk.choices.into_iter().next() {
            take(choice, &mut calls, &mut reply);
        }
    }
    reply.finish(&address.to_string())
}

fn take(choice: Choice, calls: &mut Calls, reply: &mut Assembler<'_>) {
    let delta = choice.delta;
    if let Some(text) = delta.reasoning_content.filter(|text| !text.is_empty()) {
        reply.push(Part::Thought(THOUGHT, text));
    }
    if let Some(text) = delta.content {
        reply.push(Part::Text(TEXT, text));
    }
    for call in delta.tool_calls.into_iter().flatten() {
        calls.take(&call, reply);
    }
    let refused = delta.refusal.filter(|text| !text.is_empty());
    if let Some(reason) = choice.finish_reason.filter(|_| !calls.refused) {
        reply.push(Part::Stop(stop(&reason)));
    }
    if let Some(text) = refused {
        calls.refused = true;
        reply.push(Part::Text(TEXT, text));
        reply.push(Part::Stop(StopReason::Guardrail));
    }
}

/// The calls of a reply by their index. If a server sends no index, a new id starts a new call.
#[derive(Debug, Default)]
struct Calls {
    places: BTreeSet<i32>,
    last: i32,
    refused: bool,
}

impl Calls {
    fn take(&mut self, call: &Call, reply: &mut Assembler<'_>) {
        let begins = call.id.as_deref().is_some_and(|id| !id.is_empty()) || call.function.name.is_some();
        let index = match call.index {
            Some(index) => index,
            None if begins && !self.places.is_empty() => self.last + 1,
            None => self.last,
        };
        self.last = index;
        let at = CALLS.saturating_add(index.max(0));
        if self.places.insert(at) {
            let name = call.function.name.clone().unwrap_or_default();
            reply.push(Part::Call(at, call_id(call.id.as_deref()), name));
        }
        reply.push(Part::Input(at, call.function.text()));
    }
}
