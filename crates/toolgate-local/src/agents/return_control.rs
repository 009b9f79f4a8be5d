//! The questions of a `returnControl`, and the check that a caller's results answer exactly these questions.

use tokio::sync::oneshot;

use super::{
    arguments::Arguments,
    error::AgentError,
    request::{InvocationResult, ResultFields},
    tools::{Action, Wire},
};

/// A call that needs a result or a confirmation of the caller.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a> {
    /// Its index among the calls of the model turn.
    pub(crate) index: usize,
    pub(crate) action: &'a Action,
    pub(crate) arguments: &'a Arguments,
}

/// The open questions to the caller, and the channel for the answers.
#[derive(Debug)]
pub(crate) struct Questions {
    invocation_id: String,
    agent_id: String,
    /// Whether the agent is a collaborator. Results must then name its `agentId`.
    collaborator: bool,
    asked: Vec<Asked>,
    answer: oneshot::Sender<Vec<InvocationResult>>,
}

#[derive(Debug)]
struct Asked {
    group: String,
    target: Target,
    kind: AskKind,
    /// The keys that a result's body may have.
    content: Vec<String>,
}

#[derive(Debug)]
enum Target {
    Function(String),
    Api { path: String, method: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AskKind {
    Result,
    Confirmation,
    ConfirmationAndResult,
}

impl AskKind {
    pub(crate) fn of(action: &Action) -> Self {
        match (action.function.is_some(), action.confirm) {
            (true, _) => Self::Confirmation,
            (false, true) => Self::ConfirmationAndResult,
            (false, false) => Self::Result,
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Result => "RESULT",
            Self::Confirmation => "USER_CONFIRMATION",
            Self::ConfirmationAndResult => "USER_CONFIRMATION_AND_RESULT",
        }
    }
}

impl Questions {
    /// Questions of the agent `agent_id`. `collaborator` is true if it is not the invoked agent.
    pub(crate) fn new(
        invocation_id: String,
        agent_id: String,
        collaborator: bool,
        asked: &[Question<'_>],
        answer: oneshot::Sender<Vec<InvocationResult>>,
    ) -> Self {
        let asked = asked.iter().map(|question| Asked::of(question.action)).collect();
        Self { invocation_id, agent_id, collaborator, asked, answer }
    }

    /// Returns the caller's results in the order of the questions, if they answer exactly these questions.
    pub(crate) fn check(&self, id: &str, results: &[InvocationResult]) -> Result<Vec<InvocationResult>, AgentError> {
        if id != self.invocation_id {
            return Err(AgentError::invalid("`invocationId` is not the one that this session waits for"));
        }
        let mut left: Vec<&InvocationResult> = results.iter().collect();
        let mut sorted = Vec::new();
        for asked in &self.asked {
            let Some(at) = left.iter().position(|result| asked.is_answered_by(result)) else {
                return Err(AgentError::invalid(format!(
                    "there is no result for {} of action group `{}`",
                    asked.target, asked.group
                )));
            };
            let result = left.remove(at);
            self.check_fields(asked, result.fields())?;
            sorted.push(result.clone());
        }
        if left.is_empty() {
            return Ok(sorted);
        }
        Err(AgentError::invalid("there are more results than requested calls"))
    }

    fn check_fields(&self, asked: &Asked, fields: &ResultFields) -> Result<(), AgentError> {
        let target = &asked.target;
        match &fields.agent_id {
            Some(id) if *id != self.agent_id => {
                return Err(AgentError::invalid(format!(
                    "the result for {target} has another `agentId` than agent `{}`, which requested it",
                    self.agent_id
                )));
            }
            None if self.collaborator => {
                return Err(AgentError::invalid(format!(
                    "the result for {target} needs the `agentId` of the collaborator that requested it, `{}`",
                    self.agent_id
                )));
            }
            _ => {}
        }
        if asked.kind != AskKind::Result && fields.confirmation_state.is_none() {
            return Err(AgentError::invalid(format!(
                "the result for {target} needs `confirmationState`, CONFIRM or DENY"
            )));
        }
        let body = fields.response_body.iter().flatten();
        if body.map(|(name, _)| name).any(|name| !asked.content.contains(name)) {
            let allowed = asked.content.join("` or `");
            return Err(AgentError::invalid(format!("the `responseBody` for {target} may only have `{allowed}`")));
        }
        Ok(())
    }

    /// Resumes the turn with the results.
    pub(crate) fn answer(self, results: Vec<InvocationResult>) {
        // The send fails only if the turn has ended, and then no answer is needed.
        let _ = self.answer.send(results);
    }
}

impl Asked {
    fn of(action: &Action) -> Self {
        let target = match &action.wire {
            Wire::Function { .. } => Target::Function(action.tool.clone()),
            Wire::Api(operation) => Target::Api { path: operation.path.clone(), method: operation.method.clone() },
        };
        let mut content = vec!["TEXT".to_owned()];
        if let Wire::Api(operation) = &action.wire {
            content.extend(operation.replies.iter().cloned());
        }
        Self { group: action.group.clone(), target, kind: AskKind::of(action), content }
    }

    fn is_answered_by(&self, result: &InvocationResult) -> bool {
        let (fields, same) = match (result, &self.target) {
            (InvocationResult::FunctionResult(fields), Target::Function(function)) => {
                (fields, fields.function.as_ref() == Some(function))
            }
            (InvocationResult::ApiResult(fields), Target::Api { path, method }) => {
                let verb = fields.http_method.as_ref().is_some_and(|verb| verb.eq_ignore_ascii_case(method));
                (fields, verb && fields.api_path.as_ref() == Some(path))
            }
            _ => return false,
        };
        same && fields.action_group == self.group
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Function(name) => write!(f, "function `{name}`"),
            Self::Api { path, method } => write!(f, "`{method} {path}`"),
        }
    }
}
