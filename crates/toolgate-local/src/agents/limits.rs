//! What a turn may use before it is stopped.

use std::time::Duration;

use super::window::ContextWindow;

/// The limits of a local agent. The service has such limits too, but tells nobody which.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Limits {
    /// Model turns that one agent may take for one input.
    pub model_turns: u32,
    /// Tokens, read and written, that all agents together may use for one input.
    pub tokens: u64,
    /// Characters of a conversation that a model is shown, without its system prompt; older turns are left out.
    pub context_characters: usize,
    /// How long one call of a function may take, whatever the function's own timeout is.
    pub call: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            model_turns: 20,
            tokens: 2_000_000,
            // About 150,000 tokens: most models take 200,000, and there are prompt and tools besides.
            context_characters: 600_000,
            // Lambda lets no function run for longer; the rest is for starting it.
            call: Duration::from_secs(15 * 60 + 30),
        }
    }
}

impl Limits {
    pub(crate) fn window(&self) -> ContextWindow {
        ContextWindow { characters: self.context_characters, turns: None, without_thinking: false }
    }

    /// What is over, if something is.
    pub(crate) fn passed(&self, model_turns: u32, tokens: u64) -> Option<String> {
        if model_turns >= self.model_turns {
            return Some(format!("{model_turns} steps"));
        }
        (tokens >= self.tokens).then(|| format!("{tokens} tokens"))
    }
}
