//! The guardrail of a harness's model (`guardrailConfig`): on new texts of the user, and on each reply of the model.
//!
//! It is a property of the model's calls. Results of tools and reasoning are not assessed.

use serde_json::json;
use toolgate_models::{Block, Message, ModelReply, Role, StopReason};

use super::{
    events::INTERVENED,
    invocation::{End, Invocation},
};
use crate::guardrail::{Guardrail, Side, Verdict};

impl Invocation<'_> {
    pub(super) fn guardrail(&self) -> Option<&Guardrail> {
        self.guardrails.get(self.settings.guardrail.as_ref()?)
    }

    /// Whether a reply must be complete before a part of it may be sent.
    pub(super) fn withholds_reply(&self) -> bool {
        self.guardrail().is_some_and(Guardrail::may_change_output)
    }

    /// Applies the guardrail to new input. If it blocks, the invocation ends with its message, and the input is not a
    /// part of the conversation.
    pub(super) fn guard_input(&self, messages: &mut [Message]) -> Result<(), End> {
        let Some(guardrail) = self.guardrail() else { return Ok(()) };
        let of_user = messages.iter_mut().filter(|message| message.role == Role::User);
        for block in of_user.flat_map(|message| &mut message.content) {
            let Block::Text(text) = block else { continue };
            match guardrail.assess(text, Side::Input).verdict {
                Verdict::Unchanged => {}
                Verdict::Masked(masked) => *text = masked,
                Verdict::Blocked(message) => {
                    let _ = self.answer.set(message.clone());
                    self.output.block("assistant", None, vec![json!({"text": message})]);
                    return Err(self.stop(INTERVENED));
                }
            }
        }
        Ok(())
    }

    /// Applies the guardrail to the texts of a reply. If it blocks, the reply is its message, without calls.
    pub(super) fn guard_reply(&self, reply: &mut ModelReply) {
        let Some(guardrail) = self.guardrail() else { return };
        for block in &mut reply.content {
            let Block::Text(text) = block else { continue };
            match guardrail.assess(text, Side::Output).verdict {
                Verdict::Unchanged => {}
                Verdict::Masked(masked) => *text = masked,
                Verdict::Blocked(message) => {
                    reply.content = vec![Block::Text(message)];
                    reply.stop = StopReason::Other(INTERVENED.to_owned());
                    return;
                }
            }
        }
    }
}
