//! Spans of calls (feature `otel`): one for each call, with an event for each gate and a child for each request.
//!
//! The names are those of `toolgate_otlp::conventions`. A span has no value of a call: names that the engineer declared,
//! verdicts, kinds of errors and times.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime},
};

use toolgate_otlp::{Context, Event, Exporter, Kind, Settings, Span, conventions as names};

use crate::{
    error::{Error, ErrorKind},
    observe::{MadeRequest, Observation, Step, Verdict},
    telemetry::observer::{ObservedCall, Observer},
    wire::kind::Wire,
};

/// The exporter that the loop of the process flushes.
static EXPORTER: OnceLock<Arc<Exporter>> = OnceLock::new();

/// Makes spans of calls.
pub(crate) struct Traces {
    exporter: Arc<Exporter>,
    is_warm: AtomicBool,
}

/// The exporter of the environment, if it names a receiver.
pub(crate) fn from_env() -> Result<Option<Arc<Exporter>>, Error> {
    Ok(Settings::from_env()?.map(|settings| Arc::new(Exporter::new(settings))))
}

/// Sends the spans of the process that wait.
pub(crate) async fn flush() {
    if let Some(exporter) = EXPORTER.get() {
        exporter.flush().await;
    }
}

impl Traces {
    /// The first exporter is the one that the process flushes.
    pub(crate) fn new(exporter: Arc<Exporter>) -> Self {
        let _ = EXPORTER.set(exporter.clone());
        Self { exporter, is_warm: AtomicBool::new(false) }
    }
}

impl Observer for Traces {
    fn finished(&self, call: &ObservedCall<'_>) {
        let is_cold = !self.is_warm.swap(true, Ordering::Relaxed);
        // MCP names the parent in the request; Lambda knows a parent for every call
        let parent = call.origin.trace_parent.as_deref().and_then(Context::from_traceparent);
        let parent = parent.or_else(|| call.origin.xray.as_deref().and_then(Context::from_xray));
        if parent.is_some_and(|parent| !parent.is_sampled) {
            return;
        }
        let finished = FinishedCall {
            parent,
            is_cold,
            end: SystemTime::now(),
            duration: call.duration(),
            tool: call.tool().map(str::to_owned),
            wire: call.wire(),
            request_id: call.request_id().to_owned(),
            error: call.error(),
            dropped: call.record.dropped,
            observation: call.observation.clone(),
        };
        self.exporter.add_later(|| finished.spans());
    }
}

/// The parts of a call that its spans need. They are made after the reply.
struct FinishedCall {
    parent: Option<Context>,
    is_cold: bool,
    end: SystemTime,
    duration: Duration,
    tool: Option<String>,
    wire: Wire,
    request_id: String,
    error: Option<ErrorKind>,
    dropped: usize,
    observation: Arc<Observation>,
}

impl FinishedCall {
    /// The span of the call, and those of its requests.
    fn spans(self) -> Vec<Span> {
        let context = self.parent.map_or_else(Context::root, |parent| parent.child());
        let start = self.end.checked_sub(self.duration).unwrap_or(self.end);
        let is_mcp = self.wire == Wire::Mcp;
        let (verb, kind) = match is_mcp {
            true => (names::TOOLS_CALL, Kind::Server),
            false => (names::EXECUTE_TOOL, Kind::Internal),
        };
        let name = self.tool.as_ref().map_or_else(|| verb.to_owned(), |tool| format!("{verb} {tool}"));
        let mut span = Span::new(context, self.parent.map(|parent| parent.span), name, kind);
        (span.start, span.end, span.is_error) = (start, self.end, self.error.is_some());
        span.set(names::OPERATION, names::EXECUTE_TOOL);
        span.set(names::TOOL_TYPE, names::FUNCTION);
        if let Some(tool) = self.tool {
            span.set(names::TOOL_NAME, tool);
        }
        if is_mcp {
            span.set(names::MCP_METHOD, names::TOOLS_CALL);
        }
        span.set(names::WIRE, self.wire.name());
        span.set(names::INVOCATION_ID, self.request_id);
        span.set(names::COLD_START, self.is_cold);
        if let Some(error) = self.error {
            span.set(names::ERROR_TYPE, error.as_str());
        }
        if self.dropped > 0 {
            span.set(names::DROPPED, i64::try_from(self.dropped).unwrap_or(i64::MAX));
        }
        let steps = self.observation.steps().filter(|step| step.verdict != Verdict::NotDeclared);
        span.events.extend(steps.map(|step| event(start, &step)));
        let requests = self.observation.requests();
        let children = requests.iter().map(|request| child(&context, start, request));
        children.chain([span]).collect()
    }
}

fn event(start: SystemTime, step: &Step) -> Event {
    let mut attributes = vec![
        (names::GATE_NAME, step.gate.name().into()),
        (names::GATE_VERDICT, step.verdict.name().into()),
        (names::GATE_MS, (step.took.as_secs_f64() * 1e3).into()),
    ];
    if let Verdict::Stopped(kind) = step.verdict {
        attributes.push((names::ERROR_TYPE, kind.as_str().into()));
    }
    Event::new(names::GATE, start + step.began, attributes)
}

/// The span of a request.
fn child(call: &Context, start: SystemTime, request: &MadeRequest) -> Span {
    let mut span = Span::new(call.child(), Some(call.span), request.operation.clone(), Kind::Client);
    (span.start, span.end) = (start + request.began, start + request.began + request.took);
    span.is_error = request.error.is_some();
    span.set(names::DB_SYSTEM, request.system);
    span.set(names::DB_OPERATION, request.operation.clone().into_owned());
    if let Some(error) = &request.error {
        span.set(names::ERROR_TYPE, error.clone().into_owned());
    }
    span
}
