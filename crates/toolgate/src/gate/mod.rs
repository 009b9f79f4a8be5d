//! The gates: what every call passes, in this order, before and after the tool runs.
//!
//! Each gate is a module with functions of one shape: they look at the [`Passage`], may add to it, and let the call
//! pass or stop it. A gate knows nothing of wires and nothing of its neighbours.

mod budget;
pub(crate) mod cache;
mod confirm;
mod deadline;
mod fields_in;
pub(crate) mod fields_out;
pub(crate) mod key;
mod once;
mod rules;
pub(crate) mod size;
mod types;

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use serde_json::{Map, Value};

use crate::{
    coerce::Reading,
    cx::Cx,
    entry::{Entry, Ready},
    error::ToolError,
    router::Inner,
    step::{self, Outcome},
    store::Budget,
};

/// The member of a reply to a repeat in another session. No once tool may use the name.
pub(crate) const REPEATED: &str = "repeated";

/// A call on its way through the gates.
pub(crate) struct Passage<S> {
    pub(crate) router: Arc<Inner<S>>,
    pub(crate) entry: Arc<Entry<S>>,
    pub(crate) cx: Cx<S>,
    /// What may be used in a session, where something limits it.
    pub(crate) budget: Option<Budget>,
    pub(crate) cache: Arc<cache::Cache>,
    /// As they came, up to gate 3; then as they were understood, for the gates that look at them.
    pub(crate) arguments: Map<String, Value>,
    pub(crate) reading: Reading,
    /// The typed input, from gate 3 on.
    pub(crate) ready: Option<Box<dyn Ready<S>>>,
}

impl<S> Passage<S> {
    /// How long an approval of this call holds, where a person must say yes and nobody has asked one: Bedrock Agents
    /// asks before it calls.
    fn asks(&self) -> Option<Duration> {
        let within = self.entry.confirm.filter(|_| !self.cx.wire().is_agents())?;
        // an input that is not there, or that cannot be looked at, is one to ask about
        self.ready.as_ref().is_none_or(|ready| ready.asks()).then_some(within)
    }

    /// Whether a gate after the third looks at the input.
    fn keeps_input(&self) -> bool {
        let entry = &self.entry;
        self.asks().is_some() || entry.cache.is_some() || !entry.steps.is_empty()
    }
}

/// Takes a call through all gates and the tool, whose code may panic anywhere: in a rule, in a `Deserialize`, in the
/// function. The panic's payload may hold anything, so it is dropped; where it happened is logged by the hook.
pub(crate) async fn walk<S: Send + Sync + 'static>(passage: Passage<S>) -> Outcome {
    let panicked = |_payload| Err(ToolError::internal("the tool panicked").at("panic"));
    AssertUnwindSafe(through(passage)).catch_unwind().await.unwrap_or_else(panicked)
}

/// Gate 1, the tool's existence, is what made the passage.
async fn through<S: Send + Sync + 'static>(mut passage: Passage<S>) -> Outcome {
    at("fields in", fields_in::enter(&passage))?;
    at("types", types::enter(&mut passage))?;
    at("rules", rules::enter(&passage))?;
    let (entry, cx) = (passage.entry.clone(), passage.cx.clone());
    let output = deadline::within(&cx, step::walk(passage)).await?;
    // a step's output passes here again: what it adds leaves only if it is exposed
    let output = if entry.steps.is_empty() { output } else { fields_out::leave(&entry, &cx, output) };
    at("size", size::leave(&entry, &cx, once::mark_repeat(&cx, output)))
}

/// The gates with memory, and the tool between them. What comes out is exposed.
pub(crate) async fn effect<S: Send + Sync + 'static>(mut passage: Passage<S>) -> Outcome {
    let (key, kept) = cache::enter(&passage);
    if let Some(output) = kept {
        return Ok(output);
    }
    let output = match happen(&mut passage).await {
        Err(mut error) if passage.cx.once_key().is_some() => match error.take_replay() {
            // a repeat's answer is the first reply, as an ordinary success
            Some(replay) => once::repeat(&passage.cx, replay),
            None => return Err(error),
        },
        outcome => outcome?,
    };
    let output = fields_out::leave(&passage.entry, &passage.cx, output);
    cache::leave(&passage, key, &output);
    Ok(output)
}

/// Runs the tool, if nothing speaks against it.
async fn happen<S: Send + Sync + 'static>(passage: &mut Passage<S>) -> Outcome {
    let (router, cx) = (passage.router.clone(), passage.cx.clone());
    at("once", once::name(passage, None))?;
    at("budget", budget::enter(&router, &cx, passage.budget).await)?;
    at("confirm", confirm::enter(passage).await)?;
    at("once", once::look(&router, &cx).await)?;
    let lease = at("once", once::enter(&router, &cx).await)?;
    let Some(ready) = passage.ready.take() else {
        return Err(ToolError::internal("the tool was to run before its input was read"));
    };
    cx.trail().note_begun();
    let outcome = at("", ready.run(cx.clone()).await);
    at("once", once::leave(&router, &cx, &passage.entry, lease, outcome).await)
}

fn at<T>(gate: &'static str, result: Result<T, ToolError>) -> Result<T, ToolError> {
    result.map_err(|error| error.at(gate))
}
