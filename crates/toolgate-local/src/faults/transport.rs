//! Delivers a call: late, to a cold instance, or twice. One log line describes the mutations, without values.

use std::{
    fmt,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde_json::Value;
use uuid::Uuid;

use super::plan::{Again, Delivery};
use crate::{
    agents::Invoke,
    invoker::FunctionInvoker,
    lambda::{Event, Invocation, InvokeError},
};

/// Runs functions. This crate's functions implement it; tests bring their own implementation.
pub(crate) trait Transport: Clone + Send + Sync + fmt::Debug + 'static {
    fn run<'a>(&'a self, function: &'a str, event: Event) -> BoxFuture<'a, Result<Invocation, InvokeError>>;

    /// As [`Invoke::happens_once`].
    fn happens_once(&self, _function: &str, _tool: &str) -> bool {
        false
    }

    /// Reports that the second delivery of a once call got another reply.
    fn differs(&self) {}
}

impl Transport for Arc<FunctionInvoker> {
    fn run<'a>(&'a self, function: &'a str, event: Event) -> BoxFuture<'a, Result<Invocation, InvokeError>> {
        Box::pin(self.functions.run(function, event))
    }

    fn happens_once(&self, function: &str, tool: &str) -> bool {
        Invoke::happens_once(self.as_ref(), function, tool)
    }

    fn differs(&self) {
        self.differing.fetch_add(1, Ordering::Relaxed);
    }
}

/// A call and its mutations.
#[derive(Debug, Clone, Default)]
pub(super) struct MutatedCall {
    pub(super) seed: u64,
    pub(super) function: String,
    pub(super) tool: String,
    pub(super) payload: Bytes,
    /// The client context of a call through the gateway.
    pub(super) client_context: Option<String>,
    pub(super) mutations: Vec<String>,
    /// `None` if the event is not an action group's call. It is then delivered unchanged.
    pub(super) delivery: Option<Delivery>,
}

impl MutatedCall {
    fn event(&self) -> Event {
        Event { payload: self.payload.clone(), client_context: self.client_context.clone(), ..Event::default() }
    }
}

/// Delivers a call and returns the reply that counts.
pub(super) async fn deliver(functions: &impl Transport, call: MutatedCall) -> Result<Invocation, InvokeError> {
    let Delivery { delay, cold, again, lost } = call.delivery.unwrap_or_default();
    let request_id = Uuid::new_v4().to_string();
    let mutations = call.mutations.join(", ");
    if !mutations.is_empty() {
        tracing::info!(request_id, function = call.function, tool = call.tool, mutations, "hostile");
    }
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let second = match again {
        Some(Again::Meanwhile(pause)) => Some(tokio::spawn(later(functions.clone(), call.clone(), pause))),
        _ => None,
    };
    let event = Event { cold, request_id: Some(request_id), ..call.event() };
    let first = functions.run(&call.function, event).await?;
    log_failure(&call, &first);
    if lost {
        let second = functions.run(&call.function, call.event()).await?;
        compare(functions, &call, &first, Some(second.clone()));
        return Ok(second);
    }
    match (second, again) {
        (Some(second), _) => {
            let (functions, call, first) = (functions.clone(), call, first.clone());
            tokio::spawn(async move { compare(&functions, &call, &first, second.await.ok().flatten()) });
        }
        (None, Some(Again::Afterwards(pause))) => {
            let (functions, first) = (functions.clone(), first.clone());
            tokio::spawn(async move {
                let second = later(functions.clone(), call.clone(), pause).await;
                compare(&functions, &call, &first, second);
            });
        }
        _ => {}
    }
    Ok(first)
}

async fn later(functions: impl Transport, call: MutatedCall, pause: Duration) -> Option<Invocation> {
    tokio::time::sleep(pause).await;
    functions.run(&call.function, call.event()).await.ok()
}

/// Compares the two replies. The platform uses the first reply in all cases.
fn compare(functions: &impl Transport, call: &MutatedCall, first: &Invocation, second: Option<Invocation>) {
    // There is no second reply while the local agent stops.
    let Some(second) = second else { return };
    let (request_id, second_request_id) = (&first.request_id, &second.request_id);
    let (function, tool) = (&call.function, &call.tool);
    let seed = call.seed;
    if second.function_error.is_some() {
        tracing::warn!(seed, request_id, second_request_id, function, tool, "the second delivery of a call failed");
    } else if same(&first.payload, &second.payload) {
        tracing::debug!(
            request_id,
            second_request_id,
            function,
            tool,
            "the second delivery of a call got the same reply"
        );
    } else if functions.happens_once(function, tool) && !is_parked(&first.payload) {
        // A tool whose effect happens once must repeat its first reply.
        functions.differs();
        tracing::warn!(
            seed,
            request_id,
            second_request_id,
            function,
            tool,
            "the second delivery of a once call got another reply"
        );
    } else {
        // A different reply may be harmless, for example if it contains the time.
        tracing::info!(
            seed,
            request_id,
            second_request_id,
            function,
            tool,
            "the second delivery of a call got another reply"
        );
    }
}

/// Whether the call waited for a person, who may have decided before the second delivery.
fn is_parked(reply: &[u8]) -> bool {
    let reply: Value = serde_json::from_slice(reply).unwrap_or_default();
    reply.pointer("/error/kind").and_then(Value::as_str) == Some("waiting for approval")
}

fn same(one: &[u8], other: &[u8]) -> bool {
    let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).ok();
    one == other || matches!((read(one), read(other)), (Some(one), Some(other)) if one == other)
}

/// Logs a failure together with the seed that reproduces it.
fn log_failure(call: &MutatedCall, reply: &Invocation) {
    let MutatedCall { seed, function, tool, mutations, .. } = call;
    let (request_id, mutations) = (&reply.request_id, mutations.join(", "));
    if let Some(error) = &reply.function_error {
        tracing::warn!(seed, request_id, function, tool, mutations, error, "the function failed in hostile mode");
    } else if !mutations.is_empty() && is_unread(&reply.payload) {
        tracing::warn!(
            seed,
            request_id,
            function,
            tool,
            mutations,
            "the function could not read a call in hostile mode"
        );
    }
}

/// Whether the reply reports invalid arguments.
fn is_unread(payload: &[u8]) -> bool {
    let reply: Value = serde_json::from_slice(payload).unwrap_or_default();
    let state = reply.pointer("/response/functionResponse/responseState").and_then(Value::as_str);
    let status = reply.pointer("/response/httpStatusCode").and_then(Value::as_u64);
    let kind = reply.pointer("/error/kind").and_then(Value::as_str);
    state == Some("REPROMPT") || status == Some(400) || kind == Some("invalid")
}
