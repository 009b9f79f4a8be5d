//! Sends a turn's events to the HTTP response that is open now.
//!
//! A turn may outlive a response: a question to a person ends the stream, and the answer opens another one. Events in
//! between are queued for the next response.

use std::sync::Mutex;

use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::error::AgentError;
use crate::sync::lock;

/// One event of the stream.
#[derive(Debug)]
pub(crate) enum Event {
    /// A part of the answer.
    Chunk(String),
    /// The last part of an answer, with its citations.
    Cited(String, Value),
    /// A trace part.
    Trace(Value),
    /// A return of control to the caller.
    ReturnControl(Value),
    /// The turn failed.
    Exception(AgentError),
}

#[derive(Debug, Default)]
pub(crate) struct EventStream(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    open: Option<UnboundedSender<Event>>,
    backlog: Vec<Event>,
}

impl EventStream {
    /// Opens a stream. Queued events are sent first.
    pub(crate) fn attach(&self) -> UnboundedReceiver<Event> {
        let (sender, receiver) = unbounded_channel();
        let mut inner = lock(&self.0);
        for event in inner.backlog.drain(..) {
            // The receiver is still in scope, so the send cannot fail.
            let _ = sender.send(event);
        }
        inner.open = Some(sender);
        receiver
    }

    pub(crate) fn emit(&self, event: Event) {
        let mut inner = lock(&self.0);
        match &inner.open {
            // A caller that disconnected misses the remaining events. The turn continues, because its tools have
            // effects.
            Some(sender) => drop(sender.send(event)),
            None => inner.backlog.push(event),
        }
    }

    /// Sends a last event and ends the stream.
    pub(crate) fn finish(&self, event: Option<Event>) {
        if let Some(event) = event {
            self.emit(event);
        }
        lock(&self.0).open = None;
    }
}
