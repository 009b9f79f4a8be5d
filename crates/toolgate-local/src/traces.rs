//! Spans of the local agent: the turns of agents and of models, and the calls of functions. A function joins them by the
//! header of X-Ray, as on Lambda.
//!
//! A span has names that a template declares, counts and times, and no text of a conversation.

use std::{future::Future, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::Request,
    middleware::{Next, from_fn},
};
use http::HeaderMap;
use toolgate_models::{ModelError, ModelReply};
use toolgate_otlp::{Context, Exporter, Kind, Settings, SettingsError, Span, conventions as names};

use crate::task::Task;

/// The name of the service.
const SERVICE: &str = "toolgate-dev";
/// How often finished spans are sent.
const PERIOD: Duration = Duration::from_millis(250);

tokio::task_local! {
    static CURRENT: Current;
}

/// The span that a task works on.
#[derive(Clone)]
struct Current {
    exporter: Arc<Exporter>,
    /// `None` at the start of a trace.
    parent: Option<Context>,
}

/// The way of the spans to their receiver.
#[derive(Debug)]
pub(crate) struct Traces {
    exporter: Arc<Exporter>,
    _sender: Task,
}

impl Traces {
    /// Sends spans to the receiver at this address.
    ///
    /// # Errors
    /// The address or a variable of OpenTelemetry is not valid.
    pub(crate) fn to(receiver: &str) -> Result<Self, SettingsError> {
        let exporter = Arc::new(Exporter::new(Settings::for_receiver(receiver)?.service_name(SERVICE)));
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

    /// Routes whose requests may have spans, in the trace of the caller if it names one.
    pub(crate) fn around(&self, router: Router) -> Router {
        let exporter = Arc::clone(&self.exporter);
        router.layer(from_fn(move |request: Request, next: Next| {
            let current = Current { exporter: Arc::clone(&exporter), parent: parent(request.headers()) };
            CURRENT.scope(current, next.run(request))
        }))
    }
}

fn parent(headers: &HeaderMap) -> Option<Context> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let standard = header("traceparent").and_then(Context::from_traceparent);
    standard.or_else(|| header("x-amzn-trace-id").and_then(Context::from_xray))
}

/// The span of this task, as the header for a function. Without a span the function begins a trace. `None` without a
/// receiver.
pub(crate) fn header() -> Option<String> {
    let header = |current: &Current| match current.parent {
        Some(parent) => parent.to_xray(),
        None => Context::root().to_xray().split(';').take(1).collect(),
    };
    CURRENT.try_with(header).ok()
}

/// Work that is spawned, in the span of the task that spawns it.
pub(crate) fn carried<T>(work: impl Future<Output = T>) -> impl Future<Output = T> {
    let current = CURRENT.try_with(Clone::clone).ok();
    async move {
        match current {
            Some(current) => CURRENT.scope(current, work).await,
            None => work.await,
        }
    }
}

/// Runs `work` in a span, which is `verb name`. `end` completes the span. Without a receiver only the work runs.
async fn span<T>(
    (verb, name, kind): (&'static str, &str, Kind),
    work: impl Future<Output = T>,
    end: impl FnOnce(&mut Span, &T),
) -> T {
    let Ok(Current { exporter, parent }) = CURRENT.try_with(Clone::clone) else { return work.await };
    let context = parent.map_or_else(Context::root, |parent| parent.child());
    let mut span = Span::new(context, parent.map(|parent| parent.span), format!("{verb} {name}"), kind);
    span.set(names::OPERATION, verb);
    let current = Current { exporter: Arc::clone(&exporter), parent: Some(context) };
    let result = CURRENT.scope(current, work).await;
    span.end = std::time::SystemTime::now();
    end(&mut span, &result);
    exporter.add(span);
    result
}

/// The turn of an agent. `failure` is the kind of its error.
pub(crate) async fn agent<T>(
    name: &str,
    invoked: impl Future<Output = T>,
    failure: impl FnOnce(&T) -> Option<&'static str>,
) -> T {
    let end = |span: &mut Span, result: &T| {
        span.set(names::PROVIDER, names::LOCAL);
        span.set(names::AGENT_NAME, name.to_owned());
        if let Some(kind) = failure(result) {
            failed(span, kind);
        }
    };
    span((names::INVOKE_AGENT, name, Kind::Internal), invoked, end).await
}

/// The turn of a model.
pub(crate) async fn model(
    name: &str,
    asked: impl Future<Output = Result<ModelReply, ModelError>>,
) -> Result<ModelReply, ModelError> {
    let end = |span: &mut Span, asked: &Result<ModelReply, ModelError>| {
        span.set(names::PROVIDER, names::LOCAL);
        span.set(names::MODEL, name.to_owned());
        match asked {
            Ok(reply) => {
                let count = |tokens: u64| i64::try_from(tokens).unwrap_or(i64::MAX);
                span.set(names::INPUT_TOKENS, count(reply.usage.input_tokens));
                span.set(names::OUTPUT_TOKENS, count(reply.usage.output_tokens));
            }
            Err(_) => failed(span, "model_error"),
        }
    };
    span((names::CHAT, name, Kind::Client), asked, end).await
}

/// The call of a tool of a server.
pub(crate) async fn tool<T, E>(name: &str, requested: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    let end = |span: &mut Span, requested: &Result<T, E>| {
        span.set(names::TOOL_NAME, name.to_owned());
        if requested.is_err() {
            failed(span, "request_error");
        }
    };
    span((names::EXECUTE_TOOL, name, Kind::Client), requested, end).await
}

/// The call of a tool, in the function that runs it. `has_failed` tells from its reply whether the function failed.
pub(crate) async fn function<T>(
    (tool, function): (&str, &str),
    invoked: impl Future<Output = T>,
    has_failed: impl FnOnce(&T) -> bool,
) -> T {
    let end = |span: &mut Span, reply: &T| {
        span.set(names::TOOL_NAME, tool.to_owned());
        span.set(names::TOOL_TYPE, names::FUNCTION);
        span.set(names::INVOKED_NAME, function.to_owned());
        if has_failed(reply) {
            failed(span, "function_error");
        }
    };
    span((names::EXECUTE_TOOL, tool, Kind::Client), invoked, end).await
}

/// Records that what a span describes has failed.
fn failed(span: &mut Span, kind: &'static str) {
    span.is_error = true;
    span.set(names::ERROR_TYPE, kind);
}
