//! The words of a conversation with a model: Converse's, reduced to what an agent needs.

use serde::Serialize;
use serde_json::Value;

pub use toolgate_template::Inference;

/// How the result of a call begins that a person did not allow. A scripted model recognises it by this.
pub const DECLINED: &str = "The person declined";

/// Who speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The user, and the tools that answer in the user's place.
    User,
    /// The model.
    Assistant,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said.
    pub content: Vec<Block>,
}

impl Message {
    /// A message of the user.
    #[must_use]
    pub fn user(content: Vec<Block>) -> Self {
        Self { role: Role::User, content }
    }

    /// A message of the model.
    #[must_use]
    pub fn assistant(content: Vec<Block>) -> Self {
        Self { role: Role::Assistant, content }
    }
}

/// A part of a message.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Block {
    /// Plain text.
    Text(String),
    /// What the model thought. A signed thought is given back unchanged with the history; others stay here.
    Reasoning {
        /// The thought.
        text: String,
        /// The provider's proof that the thought is its own.
        signature: Option<String>,
    },
    /// A thought that the provider keeps to itself, in base64; it is given back unchanged too.
    RedactedReasoning(String),
    /// A call of a tool.
    #[serde(rename_all = "camelCase")]
    ToolUse {
        /// Links the call to its result.
        id: String,
        /// The model-facing name of the tool.
        name: String,
        /// The arguments.
        input: Value,
    },
    /// What a tool answered.
    #[serde(rename_all = "camelCase")]
    ToolResult {
        /// The call that this answers.
        id: String,
        /// The answer.
        text: String,
        /// The call failed.
        error: bool,
    },
}

/// A tool as the model sees it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolSpec {
    /// At most 64 of `[a-zA-Z0-9_-]`.
    pub name: String,
    /// When and how to use it.
    pub description: String,
    /// A JSON Schema of the arguments.
    pub input_schema: Value,
}

/// One model turn to be taken.
#[derive(Debug, Clone, Copy)]
pub struct ModelRequest<'a> {
    /// The agent's id.
    pub agent: &'a str,
    /// The agent's foundation model, as the template names it.
    pub foundation_model: &'a str,
    /// The system prompt.
    pub system: &'a str,
    /// The conversation; the last message is the user's.
    pub messages: &'a [Message],
    /// The tools on offer.
    pub tools: &'a [ToolSpec],
    /// How the model is to write, as the template says.
    pub inference: &'a Inference,
}

/// What the model answered.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelReply {
    /// The parts of the answer.
    pub content: Vec<Block>,
    /// Why it ended.
    pub stop: StopReason,
    /// What it cost.
    pub usage: Usage,
}

/// Why a model stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// The answer is complete.
    EndTurn,
    /// Tools are to be called.
    ToolUse,
    /// The answer was cut at the longest allowed length.
    MaxTokens,
    /// A guardrail or a content filter stepped in.
    Guardrail,
    /// The conversation no longer fits the model.
    ContextFull,
    /// The model's output could not be parsed.
    Malformed,
    /// Something newer than this program.
    Other(String),
}

/// Tokens of one model turn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Read by the model.
    pub input_tokens: u64,
    /// Written by the model.
    pub output_tokens: u64,
}
