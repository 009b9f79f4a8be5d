//! What an agent's model is told before the conversation begins.

use std::fmt::Write;

use serde_json::Value;

use super::session::Attributes;
use crate::{
    models::{Block, Message, Role},
    template::AgentSpec,
};

/// The tool by which a supervisor asks its collaborators, named as Bedrock names it.
pub(crate) const SEND_MESSAGE: &str = "AgentCommunication__sendMessage";

/// The tool by which an agent with `AMAZON.UserInput` asks back, named as Bedrock names it.
pub(crate) const ASK_USER: &str = "user__askuser";

/// A supervisor's conversation is handed on up to this length; what is older is left out.
const RELAYED: usize = 40_000;

/// The system prompt: the template's instruction, who may be asked, and what this turn brings along.
pub(crate) fn system(agent: &AgentSpec, prompt_attributes: &Attributes, relayed: &str) -> String {
    let mut text = agent.instruction.trim().to_owned();
    if !agent.collaborators.is_empty() {
        let _ = write!(
            text,
            "\n\nYou can ask these agents, with the tool `{SEND_MESSAGE}`. They see only what you write to them:"
        );
        text.push_str(&recipients(agent));
        text.push_str("\nAsk several of them in one turn where their answers do not depend on each other.");
    }
    if !prompt_attributes.is_empty() {
        text.push_str("\n\nFor this turn you also know:");
        for (name, value) in prompt_attributes {
            let _ = write!(text, "\n- {name}: {value}");
        }
    }
    if !relayed.is_empty() {
        let _ = write!(text, "\n\nWhat the user and the agent who asks you have said so far:\n{relayed}");
    }
    text
}

/// The collaborators as a list.
pub(crate) fn recipients(agent: &AgentSpec) -> String {
    agent.collaborators.iter().fold(String::new(), |mut list, collaborator| {
        let _ = write!(list, "\n- {}: {}", collaborator.name, collaborator.instruction.trim());
        list
    })
}

/// A supervisor's conversation as text, for the collaborators that are to know it: what was said, not what was called.
pub(crate) fn relayed(history: &[Message]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for message in history {
        let calls = message.content.iter().any(|block| matches!(block, Block::ToolUse { .. }));
        for block in &message.content {
            match (message.role, block) {
                (Role::User, Block::Text(said)) => lines.push(format!("User: {said}\n")),
                (Role::Assistant, Block::Text(said)) if !calls => lines.push(format!("Agent: {said}\n")),
                (Role::Assistant, Block::ToolUse { name, input, .. }) if name == ASK_USER => {
                    let question = input.get("question").and_then(Value::as_str).unwrap_or_default();
                    lines.push(format!("Agent: {question}\n"));
                }
                _ => {}
            }
        }
    }
    let mut room = RELAYED;
    let newest = lines.iter().rev().take_while(|line| {
        let fits = line.len() <= room;
        room = room.saturating_sub(line.len());
        fits
    });
    let kept = newest.count();
    lines.split_off(lines.len() - kept).concat()
}
