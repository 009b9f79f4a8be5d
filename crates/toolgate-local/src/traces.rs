//! Spans of the local agent for a receiver of traces: the turns of agents and of models, the calls of functions and of MCP
//! servers, and the checks around them. They come from the record of turns. A function joins them by the header of
//! X-Ray, as on Lambda.
//!
//! A span has names that a template or an MCP server declares, counts and times, and no text of a conversation.

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    extract::Request,
    middleware::{Next, from_fn},
};
use http::HeaderMap;
use toolgate_otlp::{Context, Exporter, Kind, Settings, SettingsError, Span, conventions as names};

use crate::{
    task::Task,
    turns::{self, CallerTrace, EndedSpan, Listener, SpanKind, State, Turns},
};

/// The name of the service.
const SERVICE: &str = "toolgate-dev";
/// How often finished spans are sent.
const PERIOD: Duration = Duration::from_millis(250);

/// The way of the spans to their receiver.
#[derive(Debug)]
pub(crate) struct Traces {
    exporter: Arc<Exporter>,
    _sender: Task,
}

/// Turns ended spans into those of the receiver.
#[derive(Debug)]
struct Spans(Arc<Exporter>);

impl Traces {
    /// The receiver, unless the user's shell switches spans off.
    ///
    /// # Errors
    /// A variable of OpenTelemetry is not valid.
    pub(crate) fn receiver(wanted: Option<&str>) -> Result<Option<&str>, SettingsError> {
        // An empty variable is one that is not set.
        let wanted = wanted.filter(|wanted| !wanted.trim().is_empty());
        let is_off = wanted.is_some() && Settings::are_off()?;
        Ok(wanted.filter(|_| !is_off))
    }

    /// Sends the spans of turns to the receiver at this address.
    ///
    /// # Errors
    /// The address or a variable of OpenTelemetry is not valid.
    pub(crate) fn to(receiver: &str, turns: &Turns) -> Result<Self, SettingsError> {
        let exporter = Arc::new(Exporter::new(Settings::for_receiver(receiver)?.service_name(SERVICE)));
        turns.listen(Arc::new(Spans(Arc::clone(&exporter))));
        let sent = Arc::clone(&exporter);
        let sender = Task::spawn(async move {
            loop {
                tokio::time::sleep(PERIOD).await;
                sent.flush().await;
            }
        });
        Ok(Self { exporter, _sender: sender })
    }

    /// Sends what waits.
    pub(crate) async fn flush(&self) {
        self.exporter.flush().await;
    }
}

/// Routes whose turns continue the trace of the caller, if it names one.
pub(crate) fn around(router: Router) -> Router {
    router.layer(from_fn(|request: Request, next: Next| {
        let trace = parent(request.headers());
        turns::called_in(trace, next.run(request))
    }))
}

fn parent(headers: &HeaderMap) -> Option<CallerTrace> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let standard = header("traceparent").and_then(Context::from_traceparent);
    let parent = standard.or_else(|| header("x-amzn-trace-id").and_then(Context::from_xray))?;
    Some(CallerTrace { trace: parent.trace, span: parent.span, is_sampled: parent.is_sampled })
}

impl Listener for Spans {
    fn ended(&self, ended: &EndedSpan) {
        // a function that is invoked alone has a span of its own
        if ended.is_direct {
            return;
        }
        let verb = verb(ended.kind);
        let context = Context { trace: ended.trace, span: ended.id, is_sampled: ended.is_sampled };
        let kind = match ended.kind {
            SpanKind::Agent | SpanKind::Policy | SpanKind::Guardrail => Kind::Internal,
            _ => Kind::Client,
        };
        let mut span = Span::new(context, ended.parent, format!("{verb} {}", ended.name), kind);
        (span.start, span.end) = (ended.started, ended.started + ended.took);
        if is_operation(ended.kind) {
            span.set(names::OPERATION, verb);
        } else if ended.state != State::Failed && ended.kind != SpanKind::Interceptor {
            span.set(names::VERDICT, if ended.state == State::Stopped { "stopped" } else { "passed" });
        }
        if let Some(function) = &ended.function {
            span.set(names::INVOKED_NAME, function.clone());
        }
        let name = ended.name.clone();
        let failure = match ended.kind {
            SpanKind::Agent => {
                span.set(names::PROVIDER, names::LOCAL);
                span.set(names::AGENT_NAME, name);
                "agent_error"
            }
            SpanKind::Model => {
                span.set(names::PROVIDER, names::LOCAL);
                span.set(names::MODEL, name);
                let count = |tokens: u64| i64::try_from(tokens).unwrap_or(i64::MAX);
                if let Some(usage) = ended.usage {
                    span.set(names::INPUT_TOKENS, count(usage.input_tokens));
                    span.set(names::OUTPUT_TOKENS, count(usage.output_tokens));
                }
                "model_error"
            }
            SpanKind::Call => {
                span.set(names::TOOL_NAME, name);
                span.set(names::TOOL_TYPE, names::FUNCTION);
                if ended.function.is_some() { "function_error" } else { "tool_error" }
            }
            SpanKind::Policy => {
                span.set(names::TOOL_NAME, name);
                "policy_error"
            }
            SpanKind::Guardrail => "guardrail_error",
            SpanKind::Interceptor | SpanKind::Hook => "function_error",
        };
        if ended.state == State::Failed {
            span.is_error = true;
            span.set(names::ERROR_TYPE, failure);
        }
        self.0.add(span);
    }
}

/// What a span is, at the start of its name.
const fn verb(kind: SpanKind) -> &'static str {
    match kind {
        SpanKind::Agent => names::INVOKE_AGENT,
        SpanKind::Model => names::CHAT,
        SpanKind::Call => names::EXECUTE_TOOL,
        other => other.name(),
    }
}

/// Whether a span is an operation of the GenAI conventions. The others are checks.
const fn is_operation(kind: SpanKind) -> bool {
    matches!(kind, SpanKind::Agent | SpanKind::Model | SpanKind::Call)
}

/// The header of X-Ray for the invocation of a function at this place. Without a span the function begins a trace.
/// `None` without a receiver.
pub(crate) fn header(place: &turns::Place) -> Option<String> {
    place.has_listener().then(|| match place.span_id.filter(|_| !place.is_direct) {
        Some(span) => Context { trace: place.trace, span, is_sampled: place.is_sampled }.to_xray(),
        None => Context { trace: place.trace, span: 1, is_sampled: true }.to_xray().split(';').take(1).collect(),
    })
}
