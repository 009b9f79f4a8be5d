//! Listeners: who gets every span when it ends, such as an exporter of traces. They get no values.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use toolgate_models::Usage;

use super::span::{SpanKind, State};

/// Gets every span when it ends.
pub(crate) trait Listener: Send + Sync + fmt::Debug {
    /// Runs on the path of the turn, so it must not wait.
    fn ended(&self, span: &EndedSpan);
}

/// A span that has ended.
#[derive(Debug, Clone)]
pub(crate) struct EndedSpan {
    /// The trace id: one for each turn.
    pub(crate) trace: u128,
    pub(crate) id: u64,
    /// The span above, or that of the caller.
    pub(crate) parent: Option<u64>,
    pub(crate) kind: SpanKind,
    /// The name of the agent, the model, the tool, ..
    pub(crate) name: String,
    /// The function that it called.
    pub(crate) function: Option<String>,
    pub(crate) started: SystemTime,
    pub(crate) took: Duration,
    pub(crate) state: State,
    /// The tokens of a model turn.
    pub(crate) usage: Option<Usage>,
    /// Whether exporters record the trace.
    pub(crate) is_sampled: bool,
    /// A function was invoked without an agent, a harness or the gateway.
    pub(crate) is_direct: bool,
}
