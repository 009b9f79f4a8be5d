//! `script:`: a deterministic model that plays a scenario file, so that a laptop without credentials can run an agent.
//!
//! The model uses only the conversation: the user's last message selects a rule, and the rule's steps continue after
//! the tool results that are already present. Answers are templates over those results, so a figure in an answer always
//! comes from a tool.
//! answer is always one that a tool gave.

mod file;
mod render;
mod view;
mod walk;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::Value;

pub use crate::conversation::{CallGroup, Conversation, Expectation, Turn, YesNo};
use crate::{
    answer::Write,
    message::{Block, Message, ModelReply, ModelRequest, StopReason, Usage},
    model::{Model, ModelError, ModelErrorKind},
};
pub use file::{Scenario, ScenarioError};
pub use render::{holds, render};

/// The scripted model of one scenario file.
#[derive(Debug, Clone)]
pub struct ScriptModel {
    scenario: Arc<Scenario>,
    label: String,
}

impl ScriptModel {
    /// A model that plays a scenario. The label is for example `script:scenarios/shop.yaml`.
    #[must_use]
    pub fn new(scenario: Scenario, label: impl Into<String>) -> Self {
        Self { scenario: Arc::new(scenario), label: label.into() }
    }

    fn reply(&self, request: &ModelRequest<'_>) -> Result<ModelReply, ModelError> {
        let view = view::View::of(request.messages);
        let next = walk::next(&self.scenario, request.agent, &view)
            .map_err(|problem| ModelError::new(ModelErrorKind::BadAnswer, format!("{}: {problem}", self.label)))?;
        let (content, stop) = match next {
            walk::Next::Answer { text, why } => {
                let thought = why.map(|text| Block::Reasoning { text, signature: None });
                (thought.into_iter().chain([Block::Text(text)]).collect::<Vec<_>>(), StopReason::EndTurn)
            }
            walk::Next::Calls { calls, why } => {
                let first = view.calls_in_history();
                let calls = calls.into_iter().enumerate().map(|(at, call)| {
                    let name = offered(request, &call.tool);
                    let input = typed(request, &name, call.input);
                    Block::ToolUse { id: format!("script-{}", first + at + 1), name, input }
                });
                (why.map(Block::Text).into_iter().chain(calls).collect(), StopReason::ToolUse)
            }
        };
        let usage = Usage { input_tokens: estimate(request), output_tokens: tokens(&content) };
        Ok(ModelReply { content, stop, usage })
    }
}

impl Model for ScriptModel {
    /// Writes word by word, so that clients can test a streamed answer without a paid model.
    fn converse<'a>(
        &'a self,
        request: ModelRequest<'a>,
        write: Option<Write<'a>>,
    ) -> BoxFuture<'a, Result<ModelReply, ModelError>> {
        Box::pin(async move {
            let reply = self.reply(&request)?;
            if let Some(write) = write.filter(|_| reply.stop == StopReason::EndTurn) {
                let texts = reply.content.iter().filter_map(|block| match block {
                    Block::Text(text) => Some(text),
                    _ => None,
                });
                for word in texts.flat_map(|text| text.split_inclusive(char::is_whitespace)) {
                    write(word);
                    tokio::task::yield_now().await;
                }
            }
            Ok(reply)
        })
    }

    fn label(&self, _foundation_model: &str) -> String {
        self.label.clone()
    }

    fn examples(&self) -> &[Conversation] {
        &self.scenario.conversations
    }

    fn is_scripted(&self) -> bool {
        true
    }
}

/// The model-facing name of a tool. A scenario uses the tool's own name, whatever its group is. A tool that is not
/// offered keeps the name, and the agent loop sends the model an error.
///
/// A gateway's tool, `target___tool`, is found by its own name only where one target has such a tool.
fn offered(request: &ModelRequest<'_>, tool: &str) -> String {
    let names = || request.tools.iter().map(|spec| spec.name.as_str());
    if names().any(|name| name == tool) {
        return tool.to_owned();
    }
    let of_target = |name: &&str| name.strip_suffix(tool).is_some_and(|target| target.ends_with("___"));
    let own = |name: &&str| name.strip_suffix(tool).is_some_and(|group| group.ends_with("__"));
    let is_ambiguous = names().filter(of_target).count() > 1;
    names().find(own).filter(|_| !is_ambiguous).map_or_else(|| tool.to_owned(), str::to_owned)
}

/// Gives the arguments of a gateway's tool the types of its schema, because a template renders text. An agent's tools get
/// text on the platform too.
fn typed(request: &ModelRequest<'_>, name: &str, mut input: Value) -> Value {
    let schema = request.tools.iter().find(|spec| spec.name == name && name.contains("___"));
    let properties = schema.and_then(|spec| spec.input_schema.get("properties"));
    let (Some(properties), Some(arguments)) = (properties, input.as_object_mut()) else { return input };
    for (name, value) in arguments {
        let kind = properties.get(name).and_then(|property| property.get("type")?.as_str());
        if let (Some("number" | "integer" | "boolean"), Some(text)) = (kind, value.as_str()) {
            let parsed = serde_json::from_str::<Value>(text).ok();
            *value = parsed.filter(|parsed| parsed.is_number() || parsed.is_boolean()).unwrap_or_else(|| value.take());
        }
    }
    input
}

/// An estimate without a tokenizer: four characters count as one token, so that token limits have a value to count.
fn estimate(request: &ModelRequest<'_>) -> u64 {
    let history: u64 = request.messages.iter().map(|message: &Message| tokens(&message.content)).sum();
    history + as_tokens(request.system.len())
}

fn tokens(content: &[Block]) -> u64 {
    let length = |block: &Block| match block {
        Block::Text(text) | Block::Reasoning { text, .. } | Block::ToolResult { text, .. } => text.len(),
        Block::RedactedReasoning(_) => 0,
        Block::ToolUse { name, input, .. } => name.len() + input.to_string().len(),
    };
    as_tokens(content.iter().map(length).sum())
}

fn as_tokens(characters: usize) -> u64 {
    characters.div_ceil(4).try_into().unwrap_or(u64::MAX)
}
