//! One decoded invocation, whatever wire it came on.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, SystemTime},
};

use serde_json::{Map, Value};

use crate::wire::kind::Wire;

/// Session or prompt attributes: text to text, as Bedrock keeps them.
pub(crate) type Attributes = BTreeMap<String, String>;

/// One decoded invocation: what is called, with what, by whom, and until when.
#[derive(Default)]
pub(crate) struct RawCall {
    pub(crate) tool: String,
    pub(crate) arguments: Map<String, Value>,
    /// Names that came twice with different values.
    pub(crate) duplicates: Vec<String>,
    pub(crate) session_attributes: Attributes,
    pub(crate) prompt_attributes: Attributes,
    pub(crate) facts: Facts,
}

/// What is known about a call beside its arguments; a tool reads it through [`Cx`](crate::Cx).
#[derive(Default)]
pub(crate) struct Facts {
    pub(crate) wire: Wire,
    pub(crate) request_id: String,
    pub(crate) session_id: Option<String>,
    pub(crate) agent: Option<Agent>,
    /// Headers that AgentCore Gateway passed on, names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    /// Those of them that did not come as one text, and so cannot name anybody.
    pub(crate) ambiguous_headers: BTreeSet<String>,
    /// `None` where the platform told none.
    pub(crate) deadline: Option<SystemTime>,
}

impl Facts {
    pub(crate) fn remaining(&self) -> Option<Duration> {
        self.deadline.map(|at| at.duration_since(SystemTime::now()).unwrap_or(Duration::ZERO))
    }
}

/// The agent that calls, as the Agents wires tell it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Agent {
    /// The agent's name.
    pub name: String,
    /// The agent's id.
    pub id: String,
    /// The id of the alias it was reached by.
    pub alias: String,
    /// Its version: `DRAFT` or a number.
    pub version: String,
}
