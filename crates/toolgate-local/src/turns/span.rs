//! A turn and its spans, as they are kept.

use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;
use toolgate_models::Usage;

use super::{
    call::{LogLine, Request, Row},
    detail::Detail,
};

/// The trace that a caller names, with its span.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallerTrace {
    pub(crate) trace: u128,
    pub(crate) span: u64,
    pub(crate) is_sampled: bool,
}

/// How a turn was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TurnKind {
    Agent,
    Harness,
    Gateway,
    Function,
    Url,
}

impl TurnKind {
    /// Whether one function was invoked, without an agent, a harness or the gateway.
    pub(crate) const fn is_direct(self) -> bool {
        matches!(self, Self::Function | Self::Url)
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Harness => "harness",
            Self::Gateway => "gateway",
            Self::Function => "function",
            Self::Url => "url",
        }
    }
}

/// What a span is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SpanKind {
    Agent,
    Model,
    Call,
    Policy,
    Interceptor,
    Guardrail,
    Hook,
}

impl SpanKind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Model => "model",
            Self::Call => "call",
            Self::Policy => "policy",
            Self::Interceptor => "interceptor",
            Self::Guardrail => "guardrail",
            Self::Hook => "hook",
        }
    }
}

/// The state of a turn or of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Running,
    Ok,
    /// A gate, a policy, a hook or a guardrail ended it.
    Stopped,
    Failed,
    /// A person is asked.
    Waiting,
}

impl State {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Ok => "ok",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Waiting => "waiting",
        }
    }

    /// The name for a whole turn.
    pub(crate) const fn of_turn(self) -> &'static str {
        match self {
            Self::Ok | Self::Stopped => "done",
            other => other.name(),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Turn {
    pub(crate) number: u64,
    /// The trace of exporters, with the span of the caller if it named one. Without a caller the span is 0.
    pub(crate) trace: CallerTrace,
    pub(crate) kind: TurnKind,
    pub(crate) title: String,
    pub(crate) target: String,
    pub(crate) session: Option<String>,
    pub(crate) at: SystemTime,
    pub(crate) started: Instant,
    pub(crate) took: Option<Duration>,
    pub(crate) state: State,
    /// What a person is asked, as the caller got it.
    pub(crate) question: Option<Value>,
    pub(crate) input: String,
    pub(crate) answer: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) usage: Usage,
    pub(crate) micros: Option<u64>,
    pub(crate) spans: Vec<Span>,
    /// The size of all that it has.
    pub(crate) bytes: usize,
    /// The last change.
    pub(crate) changed: u64,
}

#[derive(Debug)]
pub(crate) struct Span {
    /// Its place in the turn, from 0.
    pub(crate) number: usize,
    /// The span id of exporters.
    pub(crate) id: u64,
    pub(crate) parent: Option<usize>,
    pub(crate) kind: SpanKind,
    pub(crate) name: String,
    /// The function that it called.
    pub(crate) function: Option<String>,
    /// After the start of the turn.
    pub(crate) start: Duration,
    pub(crate) took: Option<Duration>,
    pub(crate) state: State,
    pub(crate) summary: Option<String>,
    pub(crate) detail: Detail,
    pub(crate) usage: Option<Usage>,
    pub(crate) requests: Vec<Request>,
    pub(crate) rows: Vec<Row>,
    pub(crate) logs: Vec<LogLine>,
}

impl Span {
    /// The size of its detail, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let rows = self.rows.iter().map(Row::bytes).sum::<usize>();
        let requests = self.requests.iter().map(Request::bytes).sum::<usize>();
        self.detail.bytes() + rows + requests + self.logs.iter().map(LogLine::bytes).sum::<usize>()
    }
}

/// In milliseconds, with fractions.
pub(super) fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

/// Dollars with four decimal places.
pub(super) fn usd(micros: u64) -> String {
    let rounded = micros.saturating_add(50) / 100;
    format!("{}.{:04}", rounded / 10_000, rounded % 10_000)
}
