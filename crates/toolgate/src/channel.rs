//! How the gates and the values of a call leave the function: only in the reply to a Runtime API that asked for them.
//!
//! A Runtime API asks with the header `Toolgate-Trace: 1` of its answer to `/next`. Lambda never sends it, and no caller
//! can: an event and a client context are other parts of that answer. Without it, nothing is recorded. The reply then
//! has the content type [`CONTENT_TYPE`]: the reply on one line, and the trace on the next.

use std::{
    future::Future,
    sync::{Arc, OnceLock},
};

use http::{HeaderMap, HeaderName};
use serde_json::{Value, json};

use crate::{
    middleware::Outcome,
    observe::{Step, Verdict},
    telemetry::{milliseconds, observer::ObservedCall},
    values::{ALL_BYTES, Values},
};

/// The header of `/next` that asks for a trace.
const ASKS: HeaderName = HeaderName::from_static("toolgate-trace");
/// The content type of a reply with a trace.
pub(crate) const CONTENT_TYPE: &str = "application/vnd.toolgate.traced";

/// The members of a trace that have the values of a call.
const OF_VALUES: [&str; 2] = ["input", "output"];

tokio::task_local! {
    static CHANNEL: Arc<Channel>;
}

/// The way of one call's trace from the service to the runtime loop.
#[derive(Debug, Default)]
pub(crate) struct Channel(OnceLock<Vec<u8>>);

/// Whether a Runtime API asked for the trace of an invocation.
pub(crate) fn is_asked(headers: &HeaderMap) -> bool {
    headers.get(ASKS).is_some_and(|value| value == "1")
}

/// Runs an invocation whose trace is wanted. A service that makes no trace leaves it empty.
pub(crate) async fn traced<T>(work: impl Future<Output = T>) -> (T, Option<Vec<u8>>) {
    let channel = Arc::new(Channel::default());
    let outcome = CHANNEL.scope(Arc::clone(&channel), work).await;
    (outcome, Arc::into_inner(channel).and_then(|channel| channel.0.into_inner()))
}

/// The channel of the invocation that runs, if its trace is wanted.
pub(crate) fn current() -> Option<Arc<Channel>> {
    CHANNEL.try_with(Arc::clone).ok()
}

impl Channel {
    /// Sends the trace of a finished call.
    pub(crate) fn send(&self, call: &ObservedCall<'_>, values: Option<&Values>, outcome: &Outcome) {
        let mut trace = json!({
            "tool": call.tool(),
            "wire": call.wire().name(),
            "durationMs": milliseconds(call.duration()),
            "gates": call.steps().map(gate).collect::<Vec<_>>(),
            "error": outcome.as_ref().err().map(|error| error.body().get_mut("error").map(Value::take)),
        });
        if let (Some((input, output)), Some(members)) =
            (values.and_then(|values| values.take(outcome.as_ref().ok())), trace.as_object_mut())
        {
            members.insert("input".to_owned(), input);
            members.insert("output".to_owned(), output);
        }
        let mut text = trace.to_string();
        if text.len() > ALL_BYTES {
            trace
                .as_object_mut()
                .into_iter()
                .for_each(|members| members.retain(|name, _| !OF_VALUES.contains(&&**name)));
            text = trace.to_string();
        }
        // an error that is as large as a reply may be is in the reply; the trace must not cost the caller its reply
        if text.len() <= ALL_BYTES {
            // a service answers one call of an invocation
            let _ = self.0.set(text.into_bytes());
        }
    }
}

fn gate(step: Step) -> Value {
    let kind = match step.verdict {
        Verdict::Stopped(kind) => Some(kind.as_str()),
        _ => None,
    };
    let micros = |time: std::time::Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
    json!({
        "gate": step.gate.name(),
        "startUs": micros(step.began),
        "durationUs": micros(step.took),
        "verdict": step.verdict.name(),
        "kind": kind,
    })
}
