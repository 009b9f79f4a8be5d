//! A supervisor that routes: a task for one collaborator goes to it, and its answer is the final answer.
//!
//! The service uses a classifier for this. Here the supervisor's first model turn makes the decision. If that turn only
//! sends one message, the recipient is chosen, and no second model turn rephrases its answer. In all other cases the
//! agent continues as an ordinary supervisor.

use std::sync::atomic::Ordering;

use super::{agent_run::AgentRun, prompt};
use crate::conversation::ToolCall;
use toolgate_models::Block;

impl AgentRun<'_> {
    pub(crate) fn is_routing(&self) -> bool {
        self.routing.load(Ordering::Relaxed)
    }

    /// Decides whether the first model turn chose one collaborator.
    pub(crate) fn choose_route(&self, calls: &[ToolCall]) {
        let chosen = matches!(calls, [only] if only.name == prompt::SEND_MESSAGE);
        if !chosen {
            self.stop_routing();
        }
    }

    /// The collaborator's answer, if one was chosen and it succeeded.
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
