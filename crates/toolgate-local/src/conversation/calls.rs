//! The tool calls of a model's reply, and the user's message before it.

use serde_json::Value;
use toolgate_models::{Block, Message, ModelReply, Role};

/// A tool call of the model.
#[derive(Debug, Clone)]
pub(crate) struct ToolCall {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) input: Value,
}

pub(crate) fn calls_of(reply: &ModelReply) -> Vec<ToolCall> {
    let call = |block: &Block| match block {
        Block::ToolUse { id, name, input } => {
            Some(ToolCall { id: id.clone(), name: name.clone(), input: input.clone() })
        }
        _ => None,
    };
    reply.content.iter().filter_map(call).collect()
}

/// Adds the user's text. After a turn that ended with tool results the text joins these, because a model requires
/// alternating roles.
pub(crate) fn push_user_message(history: &mut Vec<Message>, text: &str) {
    let block = Block::Text(text.to_owned());
    match history.last_mut() {
        Some(Message { role: Role::User, content }) => content.push(block),
        _ => history.push(Message::user(vec![block])),
    }
}
