//! Spans of calls (feature `otel`): one for each call, with an event for each gate and a child for each request.
//!
//! The names are those of `toolgate_otlp::conventions`. A span has no value of a call: names that the engineer declared,
//! verdicts, kinds of errors and times.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::SystemTime,
};

use toolgate_otlp::{Context, Event, Exporter, Kind, Settings, Span, conventions as names};

use crate::{
    error::Error,
    observe::{MadeRequest, Verdict},
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
        let context = parent.map_or_else(Context::root, |parent| parent.child());
        if !context.is_sampled {
            return;
        }
        let end = SystemTime::now();
        let start = end.checked_sub(call.duration()).unwrap_or(end);
        let is_mcp = call.wire() == Wire::Mcp;
        let (verb, kind) = match is_mcp {
            true => (names::TOOLS_CALL, Kind::Server),
            false => (names::EXECUTE_TOOL, Kind::Internal),
        };
        let name = call.tool().map_or_else(|| verb.to_owned(), |tool| format!("{verb} {tool}"));
        let mut span = Span::new(context, parent.map(|parent| parent.span), name, kind);
        (span.start, span.end, span.is_error) = (start, end, call.error().is_some());
        span.set(names::OPERATION, names::EXECUTE_TOOL);
        span.set(names::TOOL_TYPE, names::FUNCTION);
        if let Some(tool) = call.tool() {
            span.set(names::TOOL_NAME, tool.to_owned());
        }
        if is_mcp {
            span.set(names::MCP_METHOD, names::TOOLS_CALL);
        }
        span.set(names::WIRE, call.wire().name());
        span.set(names::INVOCATION_ID, call.request_id().to_owned());
        span.set(names::COLD_START, is_cold);
        if let Some(error) = call.error() {
            span.set(names::ERROR_TYPE, error.as_str());
        }
        if call.record.dropped > 0 {
            span.set(names::DROPPED, i64::try_from(call.record.dropped).unwrap_or(i64::MAX));
        }
        let steps = call.steps().filter(|step| step.verdict != Verdict::NotDeclared);
        span.events.extend(steps.map(|step| {
            let mut attributes = vec![
                (names::GATE_NAME, step.gate.name().into()),
                (names::GATE_VERDICT, verdict(step.verdict).into()),
                (names::GATE_MS, (step.took.as_secs_f64() * 1e3).into()),
            ];
            if let Verdict::Stopped(kind) = step.verdict {
                attributes.push((names::ERROR_TYPE, kind.as_str().into()));
            }
            Event::new(names::GATE, start + step.began, attributes)
        }));
        for request in call.requests() {
            self.exporter.add(child(&context, start, &request));
        }
        self.exporter.add(span);
    }
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

const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Passed => "passed",
        Verdict::Stopped(_) => "stopped",
        Verdict::Replayed => "replayed",
        Verdict::Cached => "cached",
        Verdict::NotDeclared => "not declared",
        Verdict::Interrupted => "interrupted",
    }
}
