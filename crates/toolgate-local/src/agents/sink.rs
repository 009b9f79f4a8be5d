//! Where a turn's events go: into the HTTP response that is open now.
//!
//! A turn may outlive a response, since asking a person ends the stream and the answer opens another one.
//! What happens in between waits for it.

use std::sync::Mutex;

use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::{error::AgentError, lock};

/// One event of the stream.
#[derive(Debug)]
pub(crate) enum Event {
    /// A part of the answer.
    Chunk(String),
    /// A trace part.
    Trace(Value),
    /// Control goes back to the caller.
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
    /// Opens a stream; what has waited goes first.
    pub(crate) fn attach(&self) -> UnboundedReceiver<Event> {
        let (sender, receiver) = unbounded_channel();
        let mut inner = lock(&self.0);
        for event in inner.backlog.drain(..) {
            // The receiver is in our own hands, so this cannot fail.
            let _ = sender.send(event);
        }
        inner.open = Some(sender);
        receiver
    }

    pub(crate) fn emit(&self, event: Event) {
        let mut inner = lock(&self.0);
        match &inner.open {
            // A caller who hung up misses the rest; the turn goes on, since its tools have effects.
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
