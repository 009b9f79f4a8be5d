//! The limits at which a turn is stopped.

use std::time::Duration;

use crate::conversation::ContextWindow;

/// The limits of a local agent. The service has similar limits but does not document them.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Limits {
    /// Maximum number of model turns of one agent for one input.
    pub model_turns: u32,
    /// Maximum number of input and output tokens of all agents together for one input.
    pub tokens: u64,
    /// Maximum number of characters of a conversation that a model gets, without its system prompt. Older turns are
    /// left out.
    pub context_characters: usize,
    /// Maximum duration of one call of a function, whatever the function's own timeout is.
    pub call: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            model_turns: 20,
            tokens: 2_000_000,
            // About 150,000 tokens. Most models accept 200,000, and the prompt and the tools need some of them.
            context_characters: 600_000,
            // Lambda's maximum timeout is 15 minutes. The rest is for the start of an instance.
            call: Duration::from_secs(15 * 60 + 30),
        }
    }
}

impl Limits {
    pub(crate) fn window(&self) -> ContextWindow {
        ContextWindow { characters: self.context_characters, turns: None, without_thinking: false }
    }

    /// The limit that is exceeded, if any.
    pub(crate) fn passed(&self, model_turns: u32, tokens: u64) -> Option<String> {
        if model_turns >= self.model_turns {
            return Some(format!("{model_turns} steps"));
        }
        (tokens >= self.tokens).then(|| format!("{tokens} tokens"))
    }
}
