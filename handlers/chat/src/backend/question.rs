//! The ids of questions. The customer answers in a later request, and another process reads the answer; therefore a
//! question's id holds what the answer needs.
//!
//! The id is not signed. A customer who changes one can do no more than answer wrongly: the session at the service is a
//! digest of the customer's identity, so no other customer's question can be reached; the service accepts one invocation
//! id, that of the question which the session has open, and results for exactly the calls of that question; it has
//! stored their inputs, and an id has none; and an id has no place for a result, so nobody can answer in a tool's stead.
//! What is left is to say yes to another call of the same question, which the same customer was asked as well, and to
//! have a call shown under another id on the customer's own page.

use aws_sdk_bedrockagentruntime::{
    error::BuildError,
    types::{ApiResult, ConfirmationState, FunctionResult, InvocationResultMember},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use super::{Reason, TurnError};
use crate::event::Answer;

/// The most characters of an id. A request takes ids of this length.
const ID_CHARS: usize = 4_096;
/// The most characters of one part of an id.
const PART_CHARS: usize = 1_024;
/// The most calls of one question
/// (<https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_ReturnControlPayload.html>).
const CALLS: usize = 5;

/// All calls that the service asks about at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    #[serde(rename = "i")]
    pub(super) invocation: String,
    #[serde(rename = "c")]
    pub(super) calls: Vec<Call>,
}

/// A call that needs the customer's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Call {
    /// Its id in the stream of the turn.
    #[serde(rename = "n")]
    pub(super) id: String,
    #[serde(rename = "g")]
    pub(super) group: String,
    #[serde(rename = "t")]
    pub(super) target: Target,
    /// The agent that asks; a collaborator's results must name it.
    #[serde(rename = "a", default, skip_serializing_if = "Option::is_none")]
    pub(super) agent: Option<String>,
}

/// What is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) enum Target {
    #[serde(rename = "f")]
    Function(String),
    #[serde(rename = "p")]
    Api { path: String, method: String },
}

impl Target {
    /// Whether both are one tool. The service does not write methods in one spelling everywhere.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Api { path, method }, Self::Api { path: other, method: verb }) => {
                path == other && method.eq_ignore_ascii_case(verb)
            }
            _ => self == other,
        }
    }

    /// The tool's name.
    pub(super) fn tool(&self) -> &str {
        match self {
            Self::Function(name) => name,
            Self::Api { path, .. } => path.trim_start_matches('/'),
        }
    }
}

/// An id: one of the calls, and all of them, since they are answered together.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Id {
    #[serde(rename = "q")]
    asked: Asked,
    #[serde(rename = "x")]
    index: usize,
}

impl Asked {
    /// The ids of the questions, in the order of the calls. `None` if they would be refused as answers.
    pub(super) fn ids(&self) -> Option<Vec<String>> {
        let id = |index| {
            let json = serde_json::to_vec(&Id { asked: self.clone(), index }).ok()?;
            let id = BASE64_URL_SAFE_NO_PAD.encode(json);
            (id.len() <= ID_CHARS).then_some(id)
        };
        self.is_possible().then(|| (0..self.calls.len()).map(id).collect())?
    }

    fn is_possible(&self) -> bool {
        let is_part = |text: &str| (1..=PART_CHARS).contains(&text.len());
        let is_call = |call: &Call| {
            let target = match &call.target {
                Target::Function(name) => is_part(name),
                Target::Api { path, method } => is_part(path) && is_part(method),
            };
            target && is_part(&call.id) && is_part(&call.group) && call.agent.as_deref().is_none_or(is_part)
        };
        is_part(&self.invocation) && (1..=CALLS).contains(&self.calls.len()) && self.calls.iter().all(is_call)
    }
}

/// The customer's answers to one question of the service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) asked: Asked,
    /// For each call, whether it may run.
    approved: Vec<bool>,
}

impl Answered {
    /// Reads the answers. A call without one is denied.
    ///
    /// # Errors
    /// An id cannot be read, or occurs twice, or they belong to different questions.
    pub(super) fn read(answers: &[Answer]) -> Result<Self, TurnError> {
        let invalid = || TurnError::not_begun(Reason::InvalidAnswers);
        let mut read: Option<(Asked, Vec<Option<bool>>)> = None;
        for answer in answers {
            let Id { asked, index } = parsed(&answer.id).ok_or_else(invalid)?;
            let (first, approved) = read.get_or_insert_with(|| (asked.clone(), vec![None; asked.calls.len()]));
            let open = approved.get_mut(index).filter(|open| open.is_none() && *first == asked).ok_or_else(invalid)?;
            *open = Some(answer.approved);
        }
        let (asked, approved) = read.ok_or_else(invalid)?;
        Ok(Self { asked, approved: approved.into_iter().map(|answer| answer == Some(true)).collect() })
    }

    /// The calls, with whether each may run.
    pub(super) fn calls(&self) -> impl Iterator<Item = (&Call, bool)> {
        self.asked.calls.iter().zip(self.approved.iter().copied())
    }

    /// The results for the service.
    pub(super) fn results(&self) -> Result<Vec<InvocationResultMember>, BuildError> {
        self.calls().map(|(call, is_approved)| result(call, is_approved)).collect()
    }
}

fn parsed(id: &str) -> Option<Id> {
    let bytes = (id.len() <= ID_CHARS).then(|| BASE64_URL_SAFE_NO_PAD.decode(id).ok())??;
    let id: Id = serde_json::from_slice(&bytes).ok()?;
    id.asked.is_possible().then_some(id)
}

fn result(call: &Call, is_approved: bool) -> Result<InvocationResultMember, BuildError> {
    let state = if is_approved { ConfirmationState::Confirm } else { ConfirmationState::Deny };
    match &call.target {
        Target::Function(name) => FunctionResult::builder()
            .action_group(&call.group)
            .function(name)
            .set_agent_id(call.agent.clone())
            .confirmation_state(state)
            .build()
            .map(InvocationResultMember::FunctionResult),
        Target::Api { path, method } => ApiResult::builder()
            .action_group(&call.group)
            .api_path(path)
            .http_method(method)
            .set_agent_id(call.agent.clone())
            .confirmation_state(state)
            .build()
            .map(InvocationResultMember::ApiResult),
    }
}
