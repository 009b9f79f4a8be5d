//! One decoded invocation, from any wire.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, SystemTime},
};

use serde_json::{Map, Value};

use crate::{
    error::{Elicited, ToolError},
    wire::kind::Wire,
};

/// Session or prompt attributes: text to text, as in Bedrock.
pub(crate) type Attributes = BTreeMap<String, String>;

/// One decoded invocation: the tool, its arguments, the caller and the deadline.
#[derive(Default)]
pub(crate) struct RawCall {
    pub(crate) tool: String,
    pub(crate) arguments: Map<String, Value>,
    /// Names that occur twice with different values.
    pub(crate) duplicates: Vec<String>,
    pub(crate) session_attributes: Attributes,
    pub(crate) prompt_attributes: Attributes,
    pub(crate) metadata: CallMetadata,
}

/// The properties of a call other than its arguments. A tool reads them through [`Cx`](crate::Cx).
#[derive(Default)]
pub(crate) struct CallMetadata {
    pub(crate) wire: Wire,
    pub(crate) request_id: String,
    pub(crate) session_id: Option<String>,
    pub(crate) agent: Option<Agent>,
    /// Headers that AgentCore Gateway has passed on, with names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    /// Headers that were not a single text. They cannot identify a caller.
    pub(crate) ambiguous_headers: BTreeSet<String>,
    pub(crate) elicitation: Elicitation,
    /// `traceparent` of the request. Only the mcp wire has it.
    #[cfg(feature = "otel")]
    pub(crate) trace_parent: Option<String>,
    /// `None` where the platform sets no deadline.
    pub(crate) deadline: Option<SystemTime>,
}

/// The part of a call that a client asks its person about. Only the mcp wire has it.
#[derive(Default)]
pub(crate) struct Elicitation {
    /// The client can ask, and the deployment trusts it to.
    pub(crate) is_possible: bool,
    /// The id of a question, as the client returns it.
    pub(crate) state: Option<String>,
    pub(crate) answer: Option<Answer>,
}

/// What the client reports of its person.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(feature = "mcp"), expect(dead_code, reason = "only the mcp wire makes it"))]
pub(crate) enum Answer {
    Yes,
    No,
}

impl Elicitation {
    /// Refuses a state in a call that no question was asked about. It may be the state of another call.
    pub(crate) fn refuse_state(&self) -> Result<(), ToolError> {
        match self.state {
            None => Ok(()),
            Some(_) => Err(ToolError::elicit(Elicited::UnknownState)),
        }
    }
}

impl CallMetadata {
    pub(crate) fn remaining(&self) -> Option<Duration> {
        self.deadline.map(|at| at.duration_since(SystemTime::now()).unwrap_or(Duration::ZERO))
    }
}

/// The agent that makes the call, as the Agents wires describe it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Agent {
    /// The agent's name.
    pub name: String,
    /// The agent's id.
    pub id: String,
    /// The id of the alias that was invoked.
    pub alias: String,
    /// Its version: `DRAFT` or a number.
    pub version: String,
}
