//! Inline functions: calls that the caller of the harness runs.
//!
//! A model turn may call several tools. The harness runs its own at once and keeps their results. The inline calls are
//! handed to the caller one at a time, in the order of the calls. When the last result is there, the loop goes on.

use toolgate_models::Block;

use super::{
    error::{HarnessError, Kind},
    request::InlineResult,
};
use crate::conversation::{Outcome, ToolCall};

/// The calls of a model turn of which some wait for the caller.
#[derive(Debug)]
pub(super) struct OpenCalls {
    calls: Vec<OpenCall>,
}

#[derive(Debug)]
struct OpenCall {
    call: ToolCall,
    outcome: Option<Outcome>,
    /// Whether the stream has had the result.
    shown: bool,
}

impl OpenCalls {
    /// The calls with the results that exist so far.
    pub(super) fn new(calls: Vec<(ToolCall, Option<Outcome>)>) -> Self {
        let open = |(call, outcome)| OpenCall { call, outcome, shown: false };
        Self { calls: calls.into_iter().map(open).collect() }
    }

    /// The oldest call that waits.
    pub(super) fn oldest(&self) -> Option<&ToolCall> {
        self.calls.iter().find(|call| call.outcome.is_none()).map(|call| &call.call)
    }

    /// Checks that a result is for the oldest call that waits.
    pub(super) fn check(&self, result: &InlineResult) -> Result<(), HarnessError> {
        match self.oldest() {
            Some(call) if call.id == result.id => Ok(()),
            Some(call) => Err(HarnessError::new(
                Kind::Conflict,
                format!("this session waits for the result of `{}`; the `toolResult` is for another call", call.id),
            )),
            None => Err(HarnessError::new(Kind::Conflict, "no call waits for a result in this session")),
        }
    }

    /// Sets the result of the oldest call that waits. Returns the results for the stream: this one while other calls
    /// wait, and all that it has not had at the end.
    pub(super) fn answer(&mut self, result: InlineResult) -> Vec<(String, Outcome)> {
        let answered = self.calls.iter().position(|call| call.outcome.is_none());
        let outcome = Outcome { text: result.text, error: result.error, reprompt: false };
        if let Some(call) = answered.and_then(|at| self.calls.get_mut(at)) {
            call.outcome = Some(outcome);
        }
        let is_last = self.oldest().is_none();
        let mut shown = Vec::new();
        for (at, call) in self.calls.iter_mut().enumerate() {
            if let (Some(outcome), false, true) = (&call.outcome, call.shown, is_last || Some(at) == answered) {
                shown.push((call.call.id.clone(), outcome.clone()));
                call.shown = true;
            }
        }
        shown
    }

    /// All results for the model. A call without one was not run.
    pub(super) fn results(self, missing: &str) -> Vec<Block> {
        let block = |OpenCall { call, outcome, .. }: OpenCall| {
            let outcome = outcome.unwrap_or_else(|| Outcome::error(missing));
            Block::ToolResult { id: call.id, text: outcome.text, error: outcome.error }
        };
        self.calls.into_iter().map(block).collect()
    }
}
