//! Conversations to be played against a running agent, and what has to come of them.
//!
//! Expectations are about structure (which tools, in which order, how many at once); where an answer must
//! carry a figure, the figure is named as a template over the tool results of that very turn.

use serde::Deserialize;

/// One conversation with one agent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conversation {
    /// What it shows, as a heading.
    pub name: String,
    /// The agent's id.
    pub agent: String,
    /// What is said, turn by turn.
    pub turns: Vec<Turn>,
}

/// One thing that the user says.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// The user's words.
    pub say: String,
    /// What the person answers when asked to confirm.
    #[serde(default)]
    pub confirm: Option<YesNo>,
    /// What has to come of it.
    #[serde(default)]
    pub expect: Expectation,
}

/// A person's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum YesNo {
    /// Do it.
    Yes,
    /// Leave it.
    No,
}

/// What has to come of a turn.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expectation {
    /// The tools called, in order; a list in the list is called in one turn.
    pub calls: Vec<CallGroup>,
    /// The collaborators asked, in order.
    pub asks: Vec<String>,
    /// The tools that a person was asked to confirm.
    pub confirmed: Vec<String>,
    /// Templates over `results` and `calls`; what they render to must stand in the answer.
    pub answer: Vec<String>,
    /// Expressions over `results` and `calls` that must be true.
    pub check: Vec<String>,
}

/// Tools called in one model turn.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum CallGroup {
    /// A single one.
    One(String),
    /// Several in parallel.
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
