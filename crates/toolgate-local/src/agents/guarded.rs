//! The guardrail of an agent: applied to its input before the first model turn, and to its answer.
//!
//! Each agent of a turn has its own: a collaborator's guardrail also sees the supervisor's message. Arguments and results
//! of tools are not assessed, as on AWS.

use jiff::Timestamp;

use super::{agent_run::AgentRun, span::Span};
use crate::{
    guardrail::{Side, Verdict},
    sync::lock,
};

/// A text after the guardrail.
pub(super) struct Guarded {
    pub(super) text: String,
    /// The text is the guardrail's message.
    pub(super) is_blocked: bool,
}

impl AgentRun<'_> {
    /// Applies the agent's guardrail to a text. Without a guardrail the text stays.
    pub(super) fn guard(&self, text: &str, side: Side) -> Guarded {
        let unchanged = || Guarded { text: text.to_owned(), is_blocked: false };
        let Some(guardrail) = self.turn.agents.guardrail_of(self.agent) else { return unchanged() };
        let start = Timestamp::now();
        let assessment = guardrail.assess(text, side);
        self.trace_guardrail(&assessment, side, Span::since(start));
        match assessment.verdict {
            Verdict::Unchanged => unchanged(),
            Verdict::Masked(text) => Guarded { text, is_blocked: false },
            Verdict::Blocked(text) => {
                // The guardrail's message has no source, and the parts that were found may hold what it blocks.
                lock(&self.turn.references).clear();
                Guarded { text, is_blocked: true }
            }
        }
    }

    /// Applies the guardrail to an answer.
    pub(super) fn guard_answer(&self, text: &str) -> String {
        self.guard(text, Side::Output).text
    }

    /// Whether the answer must be complete before a part of it may be sent.
    pub(super) fn withholds_answer(&self) -> bool {
        self.turn.agents.guardrail_of(self.agent).is_some_and(|guardrail| guardrail.may_change_output())
    }
}
