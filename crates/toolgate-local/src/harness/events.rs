//! The events of InvokeHarness, and the stream of an invocation.

use std::sync::Mutex;

use bytes::{Bytes, BytesMut};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use toolgate_models::Usage;

use super::error::HarnessError;
use crate::{
    http::event_stream::{write_event, write_exception},
    sync::lock,
};

/// The stop reason of a guardrail. AWS's documentation names it, and the service's model does not have it.
pub(super) const INTERVENED: &str = "guardrail_intervened";

/// One event of the stream.
#[derive(Debug)]
pub(crate) enum Event {
    /// A modelled event: its name and its members.
    Json(&'static str, Value),
    /// The invocation failed.
    Failed(HarnessError),
}

impl Event {
    pub(crate) fn encode(&self) -> Bytes {
        let mut bytes = BytesMut::new();
        match self {
            Self::Json(name, members) => write_event(&mut bytes, name, members),
            Self::Failed(error) => {
                let (name, body) = error.in_stream();
                write_exception(&mut bytes, name, &body);
            }
        }
        bytes.freeze()
    }
}

/// The stream of one invocation.
///
/// The end of a message is held back until the next message begins or the invocation is over. A caller that reads the
/// last `messageStop` can therefore send its next request at once.
#[derive(Debug)]
pub(crate) struct Output {
    events: UnboundedSender<Event>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    held: Vec<Event>,
    /// The number of blocks of the open message.
    blocks: usize,
    /// The text that was streamed into the open block.
    streamed: Option<String>,
    is_open: bool,
    /// The stop reason of the last message.
    reason: Option<String>,
}

impl Output {
    pub(crate) fn new() -> (Self, UnboundedReceiver<Event>) {
        let (events, receiver) = unbounded_channel();
        (Self { events, state: Mutex::default() }, receiver)
    }

    fn send(&self, state: &mut State, name: &'static str, members: Value) {
        for held in state.held.drain(..) {
            // A caller that disconnected misses the remaining events. The invocation continues.
            drop(self.events.send(held));
        }
        drop(self.events.send(Event::Json(name, members)));
    }

    fn open(&self, state: &mut State, role: &str) {
        if !std::mem::replace(&mut state.is_open, true) {
            self.send(state, "messageStart", json!({"role": role}));
        }
    }

    /// Streams a piece of the model's text.
    pub(crate) fn write(&self, text: &str) {
        if text.is_empty() {
            return;
        }
        let state = &mut *lock(&self.state);
        self.open(state, "assistant");
        let index = state.blocks;
        state.streamed.get_or_insert_default().push_str(text);
        self.send(state, "contentBlockDelta", json!({"contentBlockIndex": index, "delta": {"text": text}}));
    }

    /// Ends the block of streamed text. Returns that text.
    pub(crate) fn end_streamed(&self, rest: impl FnOnce(&str) -> String) -> bool {
        let Some(streamed) = lock(&self.state).streamed.clone() else { return false };
        self.write(&rest(&streamed));
        let state = &mut *lock(&self.state);
        state.streamed = None;
        let index = state.blocks;
        state.blocks += 1;
        self.send(state, "contentBlockStop", json!({"contentBlockIndex": index}));
        true
    }

    /// A whole block: its `start`, if its kind has one, and its deltas.
    pub(crate) fn block(&self, role: &str, start: Option<Value>, deltas: Vec<Value>) {
        let state = &mut *lock(&self.state);
        self.open(state, role);
        let index = state.blocks;
        state.blocks += 1;
        if let Some(start) = start {
            self.send(state, "contentBlockStart", json!({"contentBlockIndex": index, "start": start}));
        }
        for delta in deltas {
            self.send(state, "contentBlockDelta", json!({"contentBlockIndex": index, "delta": delta}));
        }
        self.send(state, "contentBlockStop", json!({"contentBlockIndex": index}));
    }

    /// Ends the open message. A message without blocks begins here.
    pub(crate) fn stop(&self, role: &str, reason: &str) {
        self.end_streamed(|_| String::new());
        let state = &mut *lock(&self.state);
        self.open(state, role);
        state.is_open = false;
        state.blocks = 0;
        state.reason = Some(reason.to_owned());
        state.held.push(Event::Json("messageStop", json!({"stopReason": reason})));
    }

    /// The stop reason of the last message.
    pub(crate) fn reason(&self) -> Option<String> {
        lock(&self.state).reason.clone()
    }

    /// The verdict of a hook. It stays behind the end of a message that is held back.
    pub(crate) fn hook(&self, members: Value) {
        let state = &mut *lock(&self.state);
        match state.held.is_empty() {
            true => self.send(state, "hookEvent", members),
            false => state.held.push(Event::Json("hookEvent", members)),
        }
    }

    /// The metadata of the message that has ended.
    pub(crate) fn metadata(&self, usage: Usage, latency_ms: u64) {
        let (input, output) = (usage.input_tokens, usage.output_tokens);
        let usage = json!({"inputTokens": input, "outputTokens": output, "totalTokens": input.saturating_add(output)});
        let members = json!({"usage": usage, "metrics": {"latencyMs": latency_ms}});
        lock(&self.state).held.push(Event::Json("metadata", members));
    }

    /// Ends the stream.
    pub(crate) fn finish(self, failed: Option<HarnessError>) {
        let state = self.state.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        for event in state.held.into_iter().chain(failed.map(Event::Failed)) {
            drop(self.events.send(event));
        }
    }
}

/// The `start` of a tool call.
pub(crate) fn tool_use(id: &str, name: &str, server: Option<&str>) -> Value {
    match server {
        Some(server) => {
            json!({"toolUse": {"toolUseId": id, "name": name, "type": "mcp_tool_use", "serverName": server}})
        }
        None => json!({"toolUse": {"toolUseId": id, "name": name, "type": "tool_use"}}),
    }
}

/// The `start` and the delta of a tool's result.
pub(crate) fn tool_result(id: &str, text: &str, error: bool) -> (Value, Vec<Value>) {
    let start = json!({"toolResult": {"toolUseId": id, "status": if error { "error" } else { "success" }}});
    let delta = json!({"toolResult": [{"text": text}]});
    (start, if text.is_empty() { Vec::new() } else { vec![delta] })
}
