//! The gates: what every call passes, in this order, before and after the tool runs.
//!
//! Each gate is a module with one function of one shape: it looks at the [`Passage`], may add to it, and lets the call
//! pass or stops it. A gate knows nothing of wires and nothing of its neighbours.

mod confirm;
mod deadline;
mod fields_in;
pub(crate) mod fields_out;
mod once;
mod rules;
pub(crate) mod size;
mod types;

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::FutureExt;
use serde_json::{Map, Value};

use crate::{
    coerce::Reading,
    cx::Cx,
    entry::{Entry, Ready},
    error::ToolError,
};

/// A call on its way through the gates.
pub(crate) struct Passage<S> {
    pub(crate) entry: Arc<Entry<S>>,
    pub(crate) cx: Cx<S>,
    pub(crate) arguments: Map<String, Value>,
    pub(crate) reading: Reading,
    /// The typed input, from gate 3 on.
    pub(crate) ready: Option<Box<dyn Ready<S>>>,
    /// How many fields of the output were dropped.
    pub(crate) dropped: usize,
    pub(crate) replayed: bool,
}

/// Where and why a call ended without output; `gate` is empty where the tool itself said no.
pub(crate) struct Stop {
    pub(crate) gate: &'static str,
    pub(crate) error: ToolError,
}

/// Takes a call through all gates and the tool, whose code may panic anywhere: in a rule, in a `Deserialize`, in the
/// function. The panic's payload may hold anything, so it is dropped; where it happened is logged by the hook.
pub(crate) async fn walk<S: Send + Sync + 'static>(passage: &mut Passage<S>) -> Result<Value, Stop> {
    let panicked = |_payload| Err(Stop { gate: "panic", error: ToolError::internal("the tool panicked") });
    AssertUnwindSafe(through(passage)).catch_unwind().await.unwrap_or_else(panicked)
}

/// Gate 1, the tool's existence, is what made the passage.
async fn through<S: Send + Sync + 'static>(passage: &mut Passage<S>) -> Result<Value, Stop> {
    at("fields in", fields_in::enter(passage))?;
    at("types", types::enter(passage))?;
    at("rules", rules::enter(passage))?;
    at("confirm", confirm::enter(passage))?;
    at("once", once::enter(passage))?;
    let outcome = at("deadline", deadline::run(passage).await)?;
    let output = at("", once::leave(passage, outcome))?;
    let output = at("fields out", fields_out::leave(passage, output))?;
    at("size", size::leave(passage, output))
}

fn at<T>(gate: &'static str, result: Result<T, ToolError>) -> Result<T, Stop> {
    result.map_err(|error| Stop { gate, error })
}
