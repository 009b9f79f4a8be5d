//! `conversationHistory`: the start of a new session. A session that already has a history keeps its own.

use super::{
    request::{HistoryMessage, HistoryRole, SessionState},
    turn::Waiting,
};
use crate::conversation::Session;
use toolgate_models::{Block, Message};

/// Gives a new session the history of its first request.
pub(crate) async fn seed(session: &Session<Waiting>, agent: &str, state: Option<&SessionState>) {
    let given = state.and_then(|state| state.conversation_history.as_ref()?.messages.as_ref());
    let Some(given) = given else { return };
    let history = session.history(agent);
    let mut history = history.lock().await;
    if history.is_empty() {
        *history = accepted(given);
    }
}

/// The messages in the form that a model accepts: no blank ones, the user first, and alternating roles.
fn accepted(given: &[HistoryMessage]) -> Vec<Message> {
    let mut messages: Vec<Message> = Vec::new();
    for message in given {
        let texts = message.content.iter().filter(|part| !part.text.trim().is_empty());
        let content: Vec<Block> = texts.map(|part| Block::Text(part.text.clone())).collect();
        let message = match message.role {
            HistoryRole::User => Message::user(content),
            HistoryRole::Assistant => Message::assistant(content),
        };
        match messages.last_mut() {
            _ if message.content.is_empty() => {}
            Some(last) if last.role == message.role => last.content.extend(message.content),
            None if message.role == toolgate_models::Role::Assistant => {}
            _ => messages.push(message),
        }
    }
    messages
}
