//! A call on its way: late, to a cold instance, or twice. What happened is told in one line, without values.

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
    agents::{Invoke, InvokeFailure, LambdaReply},
    invoker::FunctionInvoker,
    lambda::{Event, Invocation, InvokeError},
};

/// Who runs functions. The functions of this crate do; tests bring their own.
pub(crate) trait Deliver: Clone + Send + Sync + fmt::Debug + 'static {
    fn run<'a>(&'a self, function: &'a str, event: Event) -> BoxFuture<'a, Result<Invocation, InvokeError>>;

    /// As [`Invoke::happens_once`].
    fn happens_once(&self, _function: &str, _tool: &str) -> bool {
        false
    }

    /// The second delivery of a call of such a tool got another reply.
    fn differs(&self) {}
}

impl Deliver for Arc<FunctionInvoker> {
    fn run<'a>(&'a self, function: &'a str, event: Event) -> BoxFuture<'a, Result<Invocation, InvokeError>> {
        Box::pin(self.0.functions.run(function, event))
    }

    fn happens_once(&self, function: &str, tool: &str) -> bool {
        Invoke::happens_once(self.as_ref(), function, tool)
    }

    fn differs(&self) {
        self.0.differing.fetch_add(1, Ordering::Relaxed);
    }
}

/// A call, and what is to happen to it.
#[derive(Debug, Clone, Default)]
pub(super) struct Parcel {
    pub(super) seed: u64,
    pub(super) function: String,
    pub(super) tool: String,
    pub(super) payload: Bytes,
    pub(super) twists: Vec<String>,
    /// None for what is no call of an action group; it goes on as it is.
    pub(super) delivery: Option<Delivery>,
}

pub(super) async fn deliver(functions: &impl Deliver, parcel: Parcel) -> Result<LambdaReply, InvokeFailure> {
    let (delay, cold, again) = match parcel.delivery {
        Some(delivery) => (delivery.delay, delivery.cold, delivery.again),
        None => (Duration::ZERO, false, None),
    };
    let request_id = Uuid::new_v4().to_string();
    let twists = parcel.twists.join(", ");
    if !twists.is_empty() {
        tracing::info!(request = request_id, function = parcel.function, tool = parcel.tool, twists, "hostile");
    }
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    let second = match again {
        Some(Again::Meanwhile(pause)) => Some(tokio::spawn(later(functions.clone(), parcel.clone(), pause))),
        _ => None,
    };
    let event = Event { payload: parcel.payload.clone(), cold, request_id: Some(request_id), ..Event::default() };
    let first = functions.run(&parcel.function, event).await.map_err(InvokeFailure::from)?;
    complain(&parcel, &first);
    match (second, again) {
        (Some(second), _) => {
            let (functions, parcel, first) = (functions.clone(), parcel, first.clone());
            tokio::spawn(async move { compare(&functions, &parcel, &first, second.await.ok().flatten()) });
        }
        (None, Some(Again::Afterwards(pause))) => {
            let (functions, first) = (functions.clone(), first.clone());
            tokio::spawn(async move {
                let second = later(functions.clone(), parcel.clone(), pause).await;
                compare(&functions, &parcel, &first, second);
            });
        }
        _ => {}
    }
    Ok(LambdaReply { payload: first.payload, function_error: first.function_error })
}

async fn later(functions: impl Deliver, parcel: Parcel, pause: Duration) -> Option<Invocation> {
    tokio::time::sleep(pause).await;
    let event = Event { payload: parcel.payload, ..Event::default() };
    functions.run(&parcel.function, event).await.ok()
}

/// The platform uses the first reply, whatever the second one says.
fn compare(functions: &impl Deliver, parcel: &Parcel, first: &Invocation, second: Option<Invocation>) {
    // without a second reply the local agent is stopping
    let Some(second) = second else { return };
    let (request, again) = (&first.request_id, &second.request_id);
    let (function, tool) = (&parcel.function, &parcel.tool);
    let seed = parcel.seed;
    if second.function_error.is_some() {
        tracing::warn!(seed, request, again, function, tool, "the second delivery of a call failed");
    } else if same(&first.payload, &second.payload) {
        tracing::debug!(request, again, function, tool, "the second delivery of a call got the same reply");
    } else if functions.happens_once(function, tool) {
        // a tool whose effect happens once gives its first reply again
        functions.differs();
        tracing::warn!(seed, request, again, function, tool, "the second delivery of a once call got another reply");
    } else {
        // a clock in a reply is harmless
        tracing::info!(seed, request, again, function, tool, "the second delivery of a call got another reply");
    }
}

fn same(one: &[u8], other: &[u8]) -> bool {
    let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).ok();
    one == other || matches!((read(one), read(other)), (Some(one), Some(other)) if one == other)
}

/// A failure comes with the seed that leads to it again.
fn complain(parcel: &Parcel, reply: &Invocation) {
    let Parcel { seed, function, tool, twists, .. } = parcel;
    let (request, twists) = (&reply.request_id, twists.join(", "));
    if let Some(error) = &reply.function_error {
        tracing::warn!(seed, request, function, tool, twists, error, "the function failed in hostile mode");
    } else if !twists.is_empty() && is_unread(&reply.payload) {
        tracing::warn!(seed, request, function, tool, twists, "the function could not read a call in hostile mode");
    }
}

/// The reply says that the arguments are wrong.
fn is_unread(payload: &[u8]) -> bool {
    let reply: Value = serde_json::from_slice(payload).unwrap_or_default();
    let state = reply.pointer("/response/functionResponse/responseState").and_then(Value::as_str);
    state == Some("REPROMPT") || reply.pointer("/response/httpStatusCode").and_then(Value::as_u64) == Some(400)
}
