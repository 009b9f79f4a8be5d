//! One turn: the processing of one input, from its request to the answer.
//!
//! A turn is its own task. It continues while a person is asked for confirmation. Its events may go to several HTTP
//! responses.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Instant,
};

use serde_json::Value;
use tokio::sync::{mpsc::UnboundedReceiver, watch};
use uuid::Uuid;

use super::{
    Agents,
    attributes::Attributes,
    pieces::Streamed,
    request::InvokeAgent,
    return_control::Questions,
    sink::{Event, EventStream},
};
use crate::{
    conversation::{ContextWindow, Session},
    knowledge::Search,
    sync::lock,
    turns::OpenTurn,
};
use toolgate_models::Usage;

/// The service's default for the minimum number of characters of a streamed chunk.
const CHUNK_CHARACTERS: usize = 50;

/// One turn of a session.
#[derive(Debug)]
pub(crate) struct Turn {
    pub(crate) agents: Arc<Agents>,
    pub(crate) session: Arc<Session<Waiting>>,
    pub(crate) sink: EventStream,
    /// Allows only one question at a time, for all agents of the turn.
    pub(crate) asking: tokio::sync::Mutex<()>,
    pub(crate) started: Instant,
    pub(crate) request_id: Uuid,
    /// The attributes of the invoked agent. They are not passed on to collaborators.
    pub(crate) prompt_attributes: Mutex<Attributes>,
    /// The part of earlier turns that the models get.
    pub(crate) window: ContextWindow,
    /// How the caller wants the knowledge bases to be searched, by their ids.
    pub(crate) searches: BTreeMap<String, Search>,
    /// What searches have found so far, each part once.
    pub(crate) references: Mutex<Vec<Value>>,
    tokens: AtomicU64,
    stream_options: Mutex<StreamOptions>,
    pub(super) streamed: Mutex<Streamed>,
    dropped: AtomicBool,
    pub(crate) done: watch::Sender<bool>,
    /// Its record, if turns are recorded.
    pub(crate) record: Option<OpenTurn>,
}

/// A turn that waits for its caller.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) turn: Arc<Turn>,
    pub(crate) questions: Questions,
}

/// The options of the caller whose stream is open now.
#[derive(Debug, Clone, Copy)]
struct StreamOptions {
    trace: bool,
    /// The minimum number of characters of a piece, if the answer is streamed.
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
    pub(crate) fn new(
        agents: Arc<Agents>,
        session: Arc<Session<Waiting>>,
        request: &InvokeAgent,
        searches: BTreeMap<String, Search>,
        record: Option<OpenTurn>,
    ) -> Arc<Self> {
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
            searches,
            references: Mutex::default(),
            tokens: AtomicU64::new(0),
            stream_options: Mutex::new(StreamOptions::of(request)),
            streamed: Mutex::default(),
            dropped: AtomicBool::new(false),
            done: watch::Sender::new(false),
            record,
        })
    }

    /// Opens the stream for a caller that answers a question.
    pub(crate) fn resume(&self, request: &InvokeAgent) -> UnboundedReceiver<Event> {
        *lock(&self.stream_options) = StreamOptions::of(request);
        lock(&self.prompt_attributes).extend(prompt_attributes_of(request));
        self.sink.attach()
    }

    /// The id of its record.
    pub(crate) fn recorded_as(&self) -> Option<String> {
        self.record.as_ref().map(|record| record.place().turn_id())
    }

    /// Records what the turn waits for, if it waits for its caller.
    pub(crate) fn waits(&self, question: Option<&Value>) {
        if let Some(record) = &self.record {
            record.waits(question);
        }
    }

    pub(crate) fn wants_trace(&self) -> bool {
        lock(&self.stream_options).trace
    }

    /// Tokens that all agents of this turn have used so far.
    pub(crate) fn tokens(&self) -> u64 {
        self.tokens.load(Ordering::Relaxed)
    }

    pub(crate) fn spend(&self, usage: Usage) {
        self.tokens.fetch_add(usage.input_tokens.saturating_add(usage.output_tokens), Ordering::Relaxed);
    }

    /// The minimum number of characters of a piece, if the answer is streamed.
    pub(crate) fn pieces(&self) -> Option<usize> {
        lock(&self.stream_options).pieces
    }

    /// Cancels open questions: no answer will arrive. Running calls finish, and no new ones start.
    pub(crate) fn drop_questions(&self) {
        self.dropped.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_dropped(&self) -> bool {
        self.dropped.load(Ordering::SeqCst)
    }

    /// Waits until the turn has ended.
    pub(crate) async fn over(&self) {
        // The sender is a field of `self`, so the wait cannot end before the turn does.
        let _ = self.done.subscribe().wait_for(|done| *done).await;
    }
}

fn prompt_attributes_of(request: &InvokeAgent) -> Attributes {
    let state = request.session_state.as_ref();
    state.and_then(|state| state.prompt_session_attributes.clone()).unwrap_or_default()
}
