//! The messages of a conversation with a model: Converse's types, reduced to what an agent needs.

use serde::Serialize;
use serde_json::Value;

pub use toolgate_template::Inference;

/// The start of the result of a call that a person declined. A scripted model recognises the result by this text.
pub const DECLINED: &str = "The person declined";

/// The start of the message that says which parked calls a person approved. A scripted model makes these calls again.
pub const APPROVED: &str = "The person approved";

/// The author of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The user, and the tools whose results the user role sends.
    User,
    /// The model.
    Assistant,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Message {
    /// The author.
    pub role: Role,
    /// The content.
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
    /// The model's reasoning. Signed reasoning is sent back unchanged with the history; other reasoning is not sent.
    Reasoning {
        /// The reasoning text.
        text: String,
        /// The provider's signature of the reasoning.
        signature: Option<String>,
    },
    /// Encrypted reasoning, in base64. It is also sent back unchanged.
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
    /// The result of a tool call.
    #[serde(rename_all = "camelCase")]
    ToolResult {
        /// The call of this result.
        id: String,
        /// The result text.
        text: String,
        /// Whether the call failed.
        error: bool,
    },
}

/// A tool in the form for the model.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ToolSpec {
    /// The name: at most 64 characters of `[a-zA-Z0-9_-]`.
    pub name: String,
    /// When and how to use the tool.
    pub description: String,
    /// A JSON Schema of the arguments.
    pub input_schema: Value,
}

/// The input of one model turn.
#[derive(Debug, Clone, Copy)]
pub struct ModelRequest<'a> {
    /// The agent's id.
    pub agent: &'a str,
    /// The agent's foundation model, as named in the template.
    pub foundation_model: &'a str,
    /// The system prompt.
    pub system: &'a str,
    /// The conversation; the last message is the user's.
    pub messages: &'a [Message],
    /// The tools that the model may call.
    pub tools: &'a [ToolSpec],
    /// The inference settings of the template.
    pub inference: &'a Inference,
}

/// The reply of a model.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelReply {
    /// The content of the reply.
    pub content: Vec<Block>,
    /// Why the model stopped.
    pub stop: StopReason,
    /// The tokens that it used.
    pub usage: Usage,
}

/// Why a model stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// The answer is complete.
    EndTurn,
    /// The model requests tool calls.
    ToolUse,
    /// The answer was cut off at the maximum length.
    MaxTokens,
    /// A guardrail or a content filter intervened.
    Guardrail,
    /// The conversation no longer fits the model.
    ContextFull,
    /// The model's output could not be parsed.
    Malformed,
    /// A reason that this version does not support.
    Other(String),
}

/// Tokens of one model turn.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Input tokens.
    pub input_tokens: u64,
    /// Output tokens.
    pub output_tokens: u64,
}
