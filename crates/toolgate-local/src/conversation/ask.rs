//! Asks a model about a conversation. If it is too long for the model, the model gets less of it.

use toolgate_models::{Message, ModelError, ModelErrorKind, ModelReply, StopReason, Usage};

use super::window::ContextWindow;

/// Asks a model about the messages that fit a window.
pub(crate) trait AskModel: Sync {
    /// The failure of a model turn.
    type Error: Send;

    /// Runs one model turn.
    fn ask(&self, messages: &[Message]) -> impl Future<Output = Result<ModelReply, Self::Error>> + Send;
}

/// Asks about a window of the history, and again about smaller windows while the model replies that it is full.
pub(crate) async fn ask_in_window<A: AskModel>(
    model: &A,
    mut window: ContextWindow,
    history: &[Message],
) -> Result<ModelReply, A::Error> {
    loop {
        let shown = window.view(history);
        let reply = model.ask(&shown).await?;
        match window.shrink(&shown) {
            Some(shrink) if reply.stop == StopReason::ContextFull => window = shrink,
            _ => return Ok(reply),
        }
    }
}

/// Some models refuse with an error what others answer with a stop reason: that the conversation is too long.
pub(crate) fn too_long_as_stop(asked: Result<ModelReply, ModelError>) -> Result<ModelReply, ModelError> {
    match asked {
        Err(error) if error.kind == ModelErrorKind::TooLong => {
            Ok(ModelReply { content: Vec::new(), stop: StopReason::ContextFull, usage: Usage::default() })
        }
        asked => asked,
    }
}
