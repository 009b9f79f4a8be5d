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
    error::{AgentError, Ended, Kind},
    lock,
    request::InvokeAgent,
    seat::Seat,
    session::{Attributes, Phase, Session},
    sink::{Event, Sink},
    streaming::Streamed,
    window::Window,
};
use toolgate_models::Usage;

/// The service's default for how many characters a streamed chunk has at least.
const CHUNK_CHARACTERS: usize = 50;

/// One turn of a session.
#[derive(Debug)]
pub(crate) struct Turn {
    pub(crate) agents: Arc<Agents>,
    pub(crate) session: Arc<Session>,
    pub(crate) sink: Sink,
    /// Only one question at a time, however many agents are at work.
    pub(crate) asking: tokio::sync::Mutex<()>,
    pub(crate) started: Instant,
    pub(crate) request_id: Uuid,
    /// For the agent that was invoked, and not handed on.
    pub(crate) prompt_attributes: Mutex<Attributes>,
    /// What the models are shown of earlier turns.
    pub(crate) window: Window,
    tokens: AtomicU64,
    wishes: Mutex<Wishes>,
    pub(super) streamed: Mutex<Streamed>,
    dropped: AtomicBool,
    done: watch::Sender<bool>,
}

/// What the caller of the stream that is open now wants to see.
#[derive(Debug, Clone, Copy)]
struct Wishes {
    trace: bool,
    /// The answer in pieces of at least so many characters.
    pieces: Option<usize>,
}

impl Wishes {
    fn of(request: &InvokeAgent) -> Self {
        let streaming = request.streaming_configurations.as_ref();
        let wanted = streaming.is_some_and(|streaming| streaming.stream_final_response == Some(true));
        let interval = streaming.and_then(|streaming| streaming.apply_guardrail_interval).unwrap_or(CHUNK_CHARACTERS);
        Self { trace: request.enable_trace == Some(true), pieces: wanted.then_some(interval) }
    }
}

impl Turn {
    pub(crate) fn new(agents: Arc<Agents>, session: Arc<Session>, request: &InvokeAgent) -> Arc<Self> {
        let mut window = agents.limits.window();
        if let Some(wanted) = request.prompt_creation_configurations {
            window.turns = wanted.previous_conversation_turns_to_include;
            window.without_thinking = wanted.exclude_previous_thinking_steps == Some(true);
        }
        Arc::new(Self {
            agents,
            session,
            sink: Sink::default(),
            asking: tokio::sync::Mutex::default(),
            started: Instant::now(),
            request_id: Uuid::new_v4(),
            prompt_attributes: Mutex::new(prompt_attributes_of(request)),
            window,
            tokens: AtomicU64::new(0),
            wishes: Mutex::new(Wishes::of(request)),
            streamed: Mutex::default(),
            dropped: AtomicBool::new(false),
            done: watch::Sender::new(false),
        })
    }

    /// Sets the turn going; its events come out of the receiver.
    pub(crate) fn start(self: &Arc<Self>, agent: String, alias: String, text: String) -> UnboundedReceiver<Event> {
        let events = self.sink.attach();
        let turn = Arc::clone(self);
        tokio::spawn(async move {
            let guard = Guard(&turn);
            let last = match turn.agents.agent(&agent) {
                Some(root) => Seat::root(&turn, root, alias, text).converse().await,
                None => Err(AgentError::new(Kind::ResourceNotFound, "the agent is not there any more").into()),
            };
            guard.end(last);
        });
        events
    }

    /// Opens the stream of a caller who brings an answer.
    pub(crate) fn resume(&self, request: &InvokeAgent) -> UnboundedReceiver<Event> {
        *lock(&self.wishes) = Wishes::of(request);
        lock(&self.prompt_attributes).extend(prompt_attributes_of(request));
        self.sink.attach()
    }

    pub(crate) fn wants_trace(&self) -> bool {
        lock(&self.wishes).trace
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
        lock(&self.wishes).pieces
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

/// Ends a turn on every way out, a panic too, so that the session is never left busy.
struct Guard<'a>(&'a Turn);

impl Guard<'_> {
    fn end(self, result: Result<String, Ended>) {
        let turn = self.0;
        std::mem::forget(self);
        // Before the answer is out: whoever reads it may call again at once.
        release(turn);
        match result {
            Ok(text) => {
                turn.send_rest(&text);
                turn.sink.finish(None);
            }
            Err(Ended::Failed(error)) => turn.sink.finish(Some(Event::Exception(error))),
            Err(Ended::Dropped | Ended::Asked(_)) => turn.sink.finish(None),
        }
        turn.done.send_replace(true);
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        release(self.0);
        let error = AgentError::new(Kind::InternalServer, "the local agent failed; its log says more");
        self.0.sink.finish(Some(Event::Exception(error)));
        self.0.done.send_replace(true);
    }
}

fn release(turn: &Turn) {
    // A dropped turn's session belongs to the next turn already.
    if !turn.is_dropped() {
        turn.session.set_phase(Phase::Idle);
    }
}
