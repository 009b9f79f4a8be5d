//! The part of a conversation that a scenario's rules can use.

use serde_json::{Value, json};

use crate::message::{APPROVED, Block, DECLINED, Message, Role};

/// The tool by which a supervisor calls a collaborator, without its group.
const SEND_MESSAGE: &str = "sendMessage";

/// The conversation in a form for matching.
#[derive(Debug, Default)]
pub(super) struct View {
    /// The user's last message.
    pub(super) text: String,
    /// The user's earlier messages, newest first.
    pub(super) earlier: Vec<String>,
    /// The agent's last answer before the user's last message.
    pub(super) answer: String,
    /// The agent's last answer.
    last_answer: String,
    /// The calls since the user's last message, turn by turn.
    pub(super) done: Vec<Vec<Called>>,
    calls_in_history: usize,
}

/// A call and its result.
#[derive(Debug, Clone)]
pub(super) struct Called {
    /// The tool's own name.
    pub(super) tool: String,
    /// The arguments.
    pub(super) input: Value,
    /// JSON if the tool replied in JSON, otherwise text.
    pub(super) output: Value,
    /// Whether the call failed, was refused or was declined.
    pub(super) failed: bool,
    /// Whether the call was parked, and approved since then.
    is_repeated: bool,
}

impl View {
    pub(super) fn of(messages: &[Message]) -> Self {
        let mut view = Self::default();
        for message in messages {
            match message.role {
                Role::User => view.user(message),
                Role::Assistant => view.assistant(message),
            }
        }
        view
    }

    fn user(&mut self, message: &Message) {
        for block in &message.content {
            match block {
                Block::ToolResult { id, text, error } => self.result(id, text, *error),
                Block::Text(text) if self.decide(text) => {}
                Block::Text(text) => {
                    self.answer.clone_from(&self.last_answer);
                    let before = std::mem::replace(&mut self.text, text.clone());
                    if !before.is_empty() {
                        self.earlier.insert(0, before);
                    }
                    self.done.clear();
                }
                _ => {}
            }
        }
    }

    /// Applies a person's decision about parked calls. It is not a new message: the steps go on where the call was parked.
    /// An approved call is forgotten, so that its step makes it again.
    fn decide(&mut self, text: &str) -> bool {
        let mut found = false;
        for line in text.lines() {
            let id = |start: &str| Some(line.strip_prefix(start)?.trim_start().split(':').next()?.to_owned());
            let (id, is_approved) = match (id(APPROVED), id(DECLINED)) {
                (Some(id), _) => (id, true),
                (None, Some(id)) => (id, false),
                (None, None) => continue,
            };
            let parked = |called: &Called| called.failed && !id.is_empty() && called.output.to_string().contains(&id);
            for group in &mut self.done {
                for called in group.iter_mut().filter(|called| parked(called)) {
                    found = true;
                    called.output = Value::String(line.to_owned());
                    called.is_repeated = is_approved;
                }
            }
            self.done.retain(|group| !group.iter().any(|called| called.is_repeated));
        }
        found
    }

    fn assistant(&mut self, message: &Message) {
        let mut group = Vec::new();
        let mut texts = Vec::new();
        for block in &message.content {
            match block {
                Block::ToolUse { id, name, input } => {
                    self.calls_in_history += 1;
                    group.push(Called {
                        tool: own_name(name).to_owned(),
                        input: input.clone(),
                        // The result replaces the id later; until then the id marks the call.
                        output: Value::String(id.clone()),
                        failed: false,
                        is_repeated: false,
                    });
                }
                Block::Text(text) => texts.push(text.as_str()),
                _ => {}
            }
        }
        if group.is_empty() {
            self.last_answer = texts.join("\n");
        } else {
            self.done.push(group);
        }
    }

    fn result(&mut self, id: &str, text: &str, error: bool) {
        let Some(group) = self.done.last_mut() else { return };
        let Some(called) = group.iter_mut().find(|called| called.output == id) else { return };
        called.output = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
        called.failed = error || called.output.get("error").is_some_and(Value::is_object);
    }

    pub(super) fn calls_in_history(&self) -> usize {
        self.calls_in_history
    }
}

impl Called {
    /// The collaborator that was called, if this was a message to one.
    pub(super) fn recipient(&self) -> Option<&str> {
        (self.tool == SEND_MESSAGE).then(|| self.input.get("recipient")?.as_str()).flatten()
    }

    /// The failure in the form for templates.
    pub(super) fn failure(&self) -> Value {
        let error = self.output.get("error").and_then(Value::as_object);
        let field = |name: &str| error.and_then(|error| error.get(name)).cloned();
        let text = || match &self.output {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        json!({
            "tool": self.tool,
            "declined": text().starts_with(crate::message::DECLINED),
            "kind": field("kind"),
            "problems": field("problems").unwrap_or_else(|| json!([])),
            "message": field("message").unwrap_or_else(|| Value::String(text())),
        })
    }
}

/// `orders__get_order_status` and `POST__orders__get_order_status` are both `get_order_status`.
pub(super) fn own_name(name: &str) -> &str {
    name.rsplit_once("__").map_or(name, |(_, own)| own)
}
