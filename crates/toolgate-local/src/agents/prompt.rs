//! The system prompt of an agent, and the tools for messages.

use std::fmt::Write;

use serde_json::Value;

use super::{attributes::Attributes, prompt_override};
use toolgate_models::{Block, Message, ModelReply, Role, StopReason};
use toolgate_template::AgentSpec;

/// The tool by which a supervisor calls its collaborators. The name is Bedrock's.
pub(crate) const SEND_MESSAGE: &str = "AgentCommunication__sendMessage";

/// The tool by which an agent with `AMAZON.UserInput` asks the user. The name is Bedrock's.
pub(crate) const ASK_USER: &str = "user__askuser";

/// Maximum length of a supervisor's conversation that is relayed. Older messages are left out.
const RELAYED: usize = 40_000;

/// The recipient name that prompts in the service's format use for the caller of the agent.
const USER: &str = "User";

/// The system prompt: the template's instruction, the collaborators, and the prompt attributes of this turn. A prompt
/// override of the template replaces the instruction.
pub(crate) fn system(agent: &AgentSpec, prompt_attributes: &Attributes, relayed: &str) -> String {
    let base = agent.prompt.base.as_deref();
    let overridden = base.and_then(|base| {
        prompt_override::system(base, |name| match name {
            "instruction" => agent.instruction.trim().to_owned(),
            "agent_collaborators" => recipients(agent),
            _ => String::new(),
        })
    });
    let lists_agents = overridden.is_some() && base.is_some_and(|base| base.contains("$agent_collaborators$"));
    let mut text = overridden.unwrap_or_else(|| agent.instruction.trim().to_owned());
    if !agent.collaborators.is_empty() && !lists_agents {
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

/// Converts a message to the user into the answer. Prompts in the service's format make a supervisor send its answer in
/// this way.
pub(crate) fn message_to_answer(mut reply: ModelReply) -> ModelReply {
    let message_to_user = |block: &Block| match block {
        Block::ToolUse { name, input, .. } if name == SEND_MESSAGE => {
            let field = |name: &str| input.get(name).and_then(serde_json::Value::as_str);
            let to_user = field("recipient").is_some_and(|recipient| recipient.eq_ignore_ascii_case(USER));
            to_user.then(|| field("content").map(str::to_owned)).flatten()
        }
        _ => None,
    };
    let others = |block: &Block| matches!(block, Block::ToolUse { .. }) && message_to_user(block).is_none();
    let answers: Vec<String> = reply.content.iter().filter_map(message_to_user).collect();
    // With other calls in the same turn the answer would be premature, so the message is refused like one to an unknown
    // agent.
    if answers.is_empty() || reply.content.iter().any(others) {
        return reply;
    }
    for block in &mut reply.content {
        if let Block::Text(text) = block {
            *block = Block::Reasoning { text: std::mem::take(text), signature: None };
        }
    }
    reply.content.retain(|block| !matches!(block, Block::ToolUse { .. }));
    reply.content.push(Block::Text(answers.join("\n\n")));
    reply.stop = StopReason::EndTurn;
    reply
}

/// The collaborators as a list.
pub(crate) fn recipients(agent: &AgentSpec) -> String {
    agent.collaborators.iter().fold(String::new(), |mut list, collaborator| {
        let _ = write!(list, "\n- {}: {}", collaborator.name, collaborator.instruction.trim());
        list
    })
}

/// A supervisor's conversation as text, for the collaborators that get it. It has the messages, but not the tool calls.
pub(crate) fn relayed(history: &[Message]) -> String {
    let mut lines: Vec<String> = Vec::new();
    for message in history {
        let calls = message.content.iter().any(|block| matches!(block, Block::ToolUse { .. }));
        for block in &message.content {
            match (message.role, block) {
                (Role::User, Block::Text(message)) => lines.push(format!("User: {message}\n")),
                (Role::Assistant, Block::Text(message)) if !calls => lines.push(format!("Agent: {message}\n")),
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
