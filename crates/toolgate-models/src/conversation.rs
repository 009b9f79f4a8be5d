//! Conversations to play against a running agent, with their expected results.
//!
//! Expectations describe the structure (which tools, in which order, how many in parallel). If an answer must contain a
//! figure, a template over the tool results of the same turn renders the figure.

use std::collections::BTreeMap;

use serde::Deserialize;

/// One conversation with one agent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conversation {
    /// The subject of the conversation, as a heading.
    pub name: String,
    /// The agent's id.
    pub agent: String,
    /// The attributes of the session, such as the identity of the user. Only an agent's sessions have any.
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    /// The user's inputs, turn by turn.
    pub turns: Vec<Turn>,
}

/// One input of the user.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// The user's text.
    pub say: String,
    /// The person's answer to a request for confirmation.
    pub confirm: Option<YesNo>,
    /// The expected result.
    #[serde(default)]
    pub expect: Expectation,
}

/// A person's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum YesNo {
    /// Confirm the call.
    Yes,
    /// Deny the call.
    No,
}

/// The expected result of a turn.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expectation {
    /// The tools called, in order. A list in the list is called in one turn.
    pub calls: Vec<CallGroup>,
    /// The collaborators called, in order.
    pub asks: Vec<String>,
    /// The tools that a person had to confirm.
    pub confirmed: Vec<String>,
    /// Templates over `results` and `calls`. The answer must contain their output.
    pub answer: Vec<String>,
    /// Expressions over `results` and `calls` that must be true.
    pub check: Vec<String>,
}

/// Tools called in one model turn.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum CallGroup {
    /// A single tool.
    One(String),
    /// Several tools in parallel.
    Parallel(Vec<String>),
}

impl CallGroup {
    /// The tools' names.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        match self {
            Self::One(name) => vec![name.as_str()],
            Self::Parallel(names) => names.iter().map(String::as_str).collect(),
        }
    }
}
