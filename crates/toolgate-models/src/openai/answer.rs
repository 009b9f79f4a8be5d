//! A chat completion, as far as an agent needs it. Every field is optional, because servers differ.

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use uuid::Uuid;

use super::{address::Address, failure};
use crate::{
    answer::{self, Mode},
    assemble::arguments,
    message::{Block, ModelReply, StopReason, Usage},
    retry::AttemptError,
};

#[derive(Debug, Deserialize)]
struct Completion {
    #[serde(default)]
    choices: Vec<Choice>,
    usage: Option<Tokens>,
    error: Option<Value>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    #[serde(default)]
    message: ChatMessage,
    finish_reason: Option<String>,
}

/// A message, or a piece of one in a stream.
#[derive(Debug, Default, Deserialize)]
pub(super) struct ChatMessage {
    #[serde(default, deserialize_with = "text_or_parts")]
    pub(super) content: Option<String>,
    /// The text of a model that refuses to answer.
    pub(super) refusal: Option<String>,
    /// The reasoning of a model, under the names that several servers use.
    #[serde(default, alias = "reasoning")]
    pub(super) reasoning_content: Option<String>,
    pub(super) tool_calls: Option<Vec<Call>>,
}

/// Text, or a list of parts, some of which contain the text.
fn text_or_parts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    #[derive(Deserialize)]
    struct Part {
        text: Option<String>,
    }
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Content {
        Text(String),
        Parts(Vec<Part>),
    }
    Ok(Option::deserialize(deserializer)?.map(|content| match content {
        Content::Text(text) => text,
        Content::Parts(parts) => parts.into_iter().filter_map(|part| part.text).collect(),
    }))
}

#[derive(Debug, Deserialize)]
pub(super) struct Call {
    /// Only present in streams.
    pub(super) index: Option<i32>,
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) function: Function,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Function {
    pub(super) name: Option<String>,
    /// JSON as text. Some servers send the JSON itself.
    pub(super) arguments: Option<Value>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Tokens {
    #[serde(default)]
    prompt_tokens: u64,
    #[serde(default)]
    completion_tokens: u64,
}

impl From<Tokens> for Usage {
    fn from(tokens: Tokens) -> Self {
        Self { input_tokens: tokens.prompt_tokens, output_tokens: tokens.completion_tokens }
    }
}

impl Function {
    /// The arguments as text, complete or in a piece.
    pub(super) fn text(&self) -> String {
        match &self.arguments {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(json) => json.to_string(),
        }
    }
}

/// An id that links a call to its result. A call without one gets a new one.
pub(super) fn call_id(given: Option<&str>) -> String {
    given.filter(|id| !id.is_empty()).map_or_else(|| format!("call_{}", Uuid::new_v4().simple()), str::to_owned)
}

pub(super) fn stop(reason: &str) -> StopReason {
    match reason {
        "stop" => StopReason::EndTurn,
        "tool_calls" | "function_call" => StopReason::ToolUse,
        "length" => StopReason::MaxTokens,
        "content_filter" => StopReason::Guardrail,
        other => StopReason::Other(other.to_owned()),
    }
}

/// Parses the text of a completion into a reply.
pub(super) fn read(text: &str, address: &Address, mode: Mode) -> Result<ModelReply, AttemptError> {
    let unreadable = |what: String| failure::unreadable(address, &what);
    let completion: Completion = serde_json::from_str(text)
        .map_err(|error| unreadable(format!("its answer is not a chat completion: {error}")))?;
    if let Some(error) = &completion.error {
        return Err(failure::in_answer(error, address));
    }
    let Some(choice) = completion.choices.into_iter().next() else {
        return Err(unreadable("its answer has no choices".to_owned()));
    };
    let message = choice.message;
    let mut content = Vec::new();
    let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
    content.extend(filled(message.reasoning_content).map(|text| Block::Reasoning { text, signature: None }));
    content.extend(filled(message.content).map(Block::Text));
    let refused = filled(message.refusal);
    let stop = match (&refused, choice.finish_reason) {
        (Some(_), _) => StopReason::Guardrail,
        (None, Some(reason)) => stop(&reason),
        (None, None) => StopReason::EndTurn,
    };
    content.extend(refused.map(Block::Text));
    content.extend(message.tool_calls.unwrap_or_default().into_iter().map(|call| Block::ToolUse {
        id: call_id(call.id.as_deref()),
        input: arguments(&call.function.text()),
        name: call.function.name.unwrap_or_default(),
    }));
    let usage = completion.usage.map(Usage::from).unwrap_or_default();
    Ok(answer::settle(ModelReply { content, stop, usage }, mode))
}
