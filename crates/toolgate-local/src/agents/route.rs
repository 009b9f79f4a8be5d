//! A supervisor that routes: what one collaborator can do alone goes there, and its answer is the answer.
//!
//! The service has a classifier for this. Here the supervisor's own first model turn is it: if all it does is to send
//! one message, that was the choice, and no second model turn puts the answer into other words. Anything else is the
//! work of an ordinary supervisor.

use std::sync::atomic::Ordering;

use super::{
    agent_run::{AgentRun, ToolCall},
    prompt,
};
use toolgate_models::Block;

impl AgentRun<'_> {
    pub(crate) fn is_routing(&self) -> bool {
        self.routing.load(Ordering::Relaxed)
    }

    /// Decides whether the first model turn was a choice of one collaborator.
    pub(crate) fn choose_route(&self, calls: &[ToolCall]) {
        let chosen = matches!(calls, [only] if only.name == prompt::SEND_MESSAGE);
        if !chosen {
            self.stop_routing();
        }
    }

    /// The collaborator's answer, if a choice was made and it came to something.
    pub(crate) fn routed_answer(&self, results: &[Block]) -> Option<String> {
        if !self.is_routing() {
            return None;
        }
        if let [Block::ToolResult { text, error: false, .. }] = results {
            return Some(text.clone());
        }
        self.stop_routing();
        None
    }

    fn stop_routing(&self) {
        self.routing.store(false, Ordering::Relaxed);
    }
}
