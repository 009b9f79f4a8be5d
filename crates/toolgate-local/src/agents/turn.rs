//! One input's way through the agents, from the request that brought it to the answer.
//!
//! A turn is a task of its own: it lives on while a person is asked, and across the HTTP responses that its
//! events go into.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

use tokio::sync::{mpsc::UnboundedReceiver, watch};
use uuid::Uuid;

use super::{
    Agents,
    attributes::Attributes,
    lock,
    pieces::Streamed,
    request::InvokeAgent,
    return_control::Questions,
    session::Session,
    sink::{Event, EventStream},
    window::ContextWindow,
};
use toolgate_models::Usage;

/// The service's default for how many characters a streamed chunk has at least.
const CHUNK_CHARACTERS: usize = 50;

/// One turn of a session.
#[derive(Debug)]
pub(crate) struct Turn {
    pub(crate) agents: Arc<Agents>,
    pub(crate) session: Arc<Session<Waiting>>,
    pub(crate) sink: EventStream,
    /// Only one question at a time, however many agents are at work.
    pub(crate) asking: tokio::sync::Mutex<()>,
    pub(crate) started: Instant,
    pub(crate) request_id: Uuid,
    /// For the agent that was invoked, and not handed on.
    pub(crate) prompt_attributes: Mutex<Attributes>,
    /// What the models are shown of earlier turns.
    pub(crate) window: ContextWindow,
    tokens: AtomicU64,
    stream_options: Mutex<StreamOptions>,
    pub(super) streamed: Mutex<Streamed>,
    dropped: AtomicBool,
    pub(crate) done: watch::Sender<bool>,
}

/// A turn that waits for its caller.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) turn: Arc<Turn>,
    pub(crate) questions: Questions,
}

/// What the caller of the stream that is open now wants to see.
#[derive(Debug, Clone, Copy)]
struct StreamOptions {
    trace: bool,
    /// The answer in pieces of at least so many characters.
    pieces: Option<usize>,
}

impl StreamOptions {
    fn of(request: &InvokeAgent) -> Self {
        let streaming = request.streaming_configurations.as_ref();
        let wanted = streaming.is_some_and(|streaming| streaming.stream_final_response == Some(true));
        let interval = streaming.and_then(|streaming| streaming.apply_guardrail_interval).unwrap_or(CHUNK_CHARACTERS);
        Self { trace: request.enable_trace == Some(true), pieces: wanted.then_some(interval) }
    }
}

impl Turn {
    pub(crate) fn new(agents: Arc<Agents>, session: Arc<Session<Waiting>>, request: &InvokeAgent) -> Arc<Self> {
        let mut window = agents.limits.window();
        if let Some(wanted) = request.prompt_creation_configurations {
            window.turns = wanted.previous_conversation_turns_to_include;
            window.without_thinking = wanted.exclude_previous_thinking_steps == Some(true);
        }
        Arc::new(Self {
            agents,
            session,
            sink: EventStream::default(),
            asking: tokio::sync::Mutex::default(),
            started: Instant::now(),
            request_id: Uuid::new_v4(),
            prompt_attributes: Mutex::new(prompt_attributes_of(request)),
            window,
            tokens: AtomicU64::new(0),
            stream_options: Mutex::new(StreamOptions::of(request)),
            streamed: Mutex::default(),
            dropped: AtomicBool::new(false),
            done: watch::Sender::new(false),
        })
    }

    /// Opens the stream of a caller who brings an answer.
    pub(crate) fn resume(&self, request: &InvokeAgent) -> UnboundedReceiver<Event> {
        *lock(&self.stream_options) = StreamOptions::of(request);
        lock(&self.prompt_attributes).extend(prompt_attributes_of(request));
        self.sink.attach()
    }

    pub(crate) fn wants_trace(&self) -> bool {
        lock(&self.stream_options).trace
    }

    /// What all agents of this turn have used so far.
    pub(crate) fn tokens(&self) -> u64 {
        self.tokens.load(Ordering::Relaxed)
    }

    pub(crate) fn spend(&self, usage: Usage) {
        self.tokens.fetch_add(usage.input_tokens.saturating_add(usage.output_tokens), Ordering::Relaxed);
    }

    /// How many characters a piece of the answer has at least, where it is wanted in pieces.
    pub(crate) fn pieces(&self) -> Option<usize> {
        lock(&self.stream_options).pieces
    }

    /// Nobody will answer any more: what runs is finished, and nothing new begins.
    pub(crate) fn drop_questions(&self) {
        self.dropped.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_dropped(&self) -> bool {
        self.dropped.load(Ordering::SeqCst)
    }

    /// Waits until the turn is over.
    pub(crate) async fn over(&self) {
        // The sender is in `self`, so this only ends when the turn does.
        let _ = self.done.subscribe().wait_for(|done| *done).await;
    }
}

fn prompt_attributes_of(request: &InvokeAgent) -> Attributes {
    let state = request.session_state.as_ref();
    state.and_then(|state| state.prompt_session_attributes.clone()).unwrap_or_default()
}
