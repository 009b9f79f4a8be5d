//! A model that is a closure.

use std::{fmt, sync::Arc};

use futures_util::future::BoxFuture;
use serde_json::Value;
use toolgate_local::models::{Block, Model, ModelError, ModelReply, ModelRequest, Models, StopReason, Usage, Write};

/// A model that calls a closure. The closure gets the agent, and everything that a real model would get.
pub(crate) struct FnModel(Box<dyn Fn(&Seen) -> Say + Send + Sync>);

/// The input of the model.
pub(crate) struct Seen {
    pub(crate) agent: String,
    pub(crate) system: String,
    pub(crate) tools: Vec<String>,
    /// The user's last message.
    pub(crate) text: String,
    /// The results since then, as (text, error), turn by turn.
    pub(crate) results: Vec<Vec<(String, bool)>>,
    pub(crate) messages: usize,
    /// The number of messages of the user.
    pub(crate) turns: usize,
}

/// The reply of the model.
pub(crate) enum Say {
    Answer(String),
    Calls(Vec<(&'static str, Value)>),
    Reply(ModelReply),
    Error(ModelError),
}

pub(crate) fn answer(text: impl Into<String>) -> Say {
    Say::Answer(text.into())
}

impl fmt::Debug for FnModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FnModel")
    }
}

pub(crate) fn model(play: impl Fn(&Seen) -> Say + Send + Sync + 'static) -> Models {
    Models::custom(Arc::new(FnModel(Box::new(play))))
}

impl Model for FnModel {
    fn converse<'a>(
        &'a self,
        request: ModelRequest<'a>,
        _write: Option<Write<'a>>,
    ) -> BoxFuture<'a, Result<ModelReply, ModelError>> {
        let mut seen = Seen {
            agent: request.agent.to_owned(),
            system: request.system.to_owned(),
            tools: request.tools.iter().map(|tool| tool.name.clone()).collect(),
            text: String::new(),
            results: Vec::new(),
            messages: request.messages.len(),
            turns: 0,
        };
        assert_answered(&request);
        for message in request.messages {
            let mut results = Vec::new();
            for block in &message.content {
                match block {
                    Block::Text(text) if message.role == toolgate_local::models::Role::User => {
                        seen.text.clone_from(text);
                        seen.turns += 1;
                        seen.results.clear();
                        results.clear();
                    }
                    Block::ToolResult { text, error, .. } => results.push((text.clone(), *error)),
                    _ => {}
                }
            }
            if !results.is_empty() {
                seen.results.push(results);
            }
        }
        let reply =
            |content, stop| Ok(ModelReply { content, stop, usage: Usage { input_tokens: 10, output_tokens: 5 } });
        let reply = match (self.0)(&seen) {
            Say::Answer(text) => reply(vec![Block::Text(text)], StopReason::EndTurn),
            Say::Calls(calls) => {
                let offset = request.messages.len();
                let calls = calls.into_iter().enumerate().map(|(at, (name, input))| Block::ToolUse {
                    id: format!("call-{offset}-{at}"),
                    name: name.to_owned(),
                    input,
                });
                let thought = Block::Text("I need a tool.".to_owned());
                reply(std::iter::once(thought).chain(calls).collect(), StopReason::ToolUse)
            }
            Say::Reply(reply) => Ok(reply),
            Say::Error(error) => Err(error),
        };
        Box::pin(async move { reply })
    }

    fn label(&self, _foundation_model: &str) -> String {
        "test:closure".to_owned()
    }
}

/// Real models require that roles alternate and that every call has a result in the next message.
fn assert_answered(request: &ModelRequest<'_>) {
    for pair in request.messages.windows(2) {
        assert_ne!(pair[0].role, pair[1].role, "roles alternate: {:?}", request.messages);
        let ids = |wanted: fn(&Block) -> Option<&String>, at: usize| {
            let mut ids: Vec<String> = pair[at].content.iter().filter_map(wanted).cloned().collect();
            ids.sort();
            ids
        };
        let asked = ids(
            |block| {
                if let Block::ToolUse { id, .. } = block { Some(id) } else { None }
            },
            0,
        );
        let answered = ids(
            |block| {
                if let Block::ToolResult { id, .. } = block { Some(id) } else { None }
            },
            1,
        );
        assert_eq!(asked, answered, "every call is answered in the next message");
    }
}
