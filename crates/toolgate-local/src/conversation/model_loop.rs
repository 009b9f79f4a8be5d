//! The loop of an agent: model turn, tool calls and results, until the model returns an answer.

use std::ops::ControlFlow;

use toolgate_models::{Message, ModelReply, StopReason};

use super::calls::{ToolCall, calls_of};

/// The platform of an agent: how a model is asked, how calls are run, and how the loop ends.
pub(crate) trait Platform: Sync {
    /// The end of the loop: an answer, a limit or a failure.
    type End: Send;

    /// Checks the limits before a model turn. `taken` is the number of model turns so far.
    fn check(&self, taken: u32, history: &mut Vec<Message>) -> ControlFlow<Self::End>;

    /// Runs one model turn. An error ends the loop.
    fn ask_model(&self, history: &[Message]) -> impl Future<Output = Result<ModelReply, Self::End>> + Send;

    /// Handles a reply without calls, or one that was cut off.
    fn answer(&self, reply: ModelReply, history: &mut Vec<Message>) -> Self::End;

    /// Runs the calls of the last message, and adds their results to the history.
    fn perform(
        &self,
        calls: Vec<ToolCall>,
        history: &mut Vec<Message>,
    ) -> impl Future<Output = ControlFlow<Self::End>> + Send;
}

/// The end of a history at some time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HistoryEnd {
    messages: usize,
    /// The blocks of the last message. New input may join it.
    blocks: usize,
}

impl HistoryEnd {
    pub(crate) fn of(history: &[Message]) -> Self {
        Self { messages: history.len(), blocks: history.last().map_or(0, |last| last.content.len()) }
    }
}

/// Runs the loop to its end. `before` is the end of the history before the user's input was added, if there was input.
pub(crate) async fn run<P: Platform>(platform: &P, history: &mut Vec<Message>, before: Option<HistoryEnd>) -> P::End {
    let mut taken = 0;
    loop {
        if let ControlFlow::Break(end) = platform.check(taken, history) {
            return end;
        }
        taken += 1;
        let reply = match platform.ask_model(history).await {
            Ok(reply) => reply,
            Err(end) => {
                // The input had no effect yet, so it is removed and a repeated request starts fresh.
                if let (1, Some(before)) = (taken, before) {
                    rollback(history, before);
                }
                return end;
            }
        };
        let calls = calls_of(&reply);
        if calls.is_empty() || reply.stop == StopReason::MaxTokens {
            return platform.answer(reply, history);
        }
        history.push(Message::assistant(reply.content));
        if let ControlFlow::Break(end) = platform.perform(calls, history).await {
            return end;
        }
    }
}

/// Removes the input again.
fn rollback(history: &mut Vec<Message>, before: HistoryEnd) {
    history.truncate(before.messages);
    if let Some(last) = history.last_mut() {
        last.content.truncate(before.blocks);
    }
}
