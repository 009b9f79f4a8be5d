//! Giving control back to the caller: to ask a person, or to let the caller run an action itself.
//!
//! The turn emits `returnControl`, which ends the stream, and waits on a channel that stays in the session.
//! The next request brings the answers, opens a new stream and wakes the turn where it stands, however many agents deep.

use std::sync::Arc;

use futures_util::future::join_all;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use uuid::Uuid;

use toolgate_models::DECLINED;

use super::{
    arguments::Arguments,
    calls::Outcome,
    error::{AgentError, Ended, Kind},
    request::{Confirmation, InvocationResult, ResponseState, ResultFields},
    seat::Seat,
    session::Phase,
    sink::Event,
    tools::{Action, Wire},
    trace::Span,
    turn::Turn,
};

/// The service puts no more into one returnControl.
const AT_ONCE: usize = 5;

/// A call that the caller has to say something about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a> {
    /// Its place among the calls of the model turn.
    pub(crate) index: usize,
    pub(crate) action: &'a Action,
    pub(crate) arguments: &'a Arguments,
}

/// A turn that waits for the caller.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) turn: Arc<Turn>,
    invocation_id: String,
    agent_id: String,
    /// The agent is a collaborator, so that results have to say whose they are.
    collaborator: bool,
    asked: Vec<Asked>,
    answer: oneshot::Sender<Vec<InvocationResult>>,
}

#[derive(Debug)]
struct Asked {
    group: String,
    target: Target,
    kind: AskKind,
    /// What a result's body may be called.
    content: Vec<String>,
}

#[derive(Debug)]
enum Target {
    Function(String),
    Api { path: String, method: String },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AskKind {
    Result,
    Confirmation,
    ConfirmationAndResult,
}

impl AskKind {
    fn of(action: &Action) -> Self {
        match (action.function.is_some(), action.confirm) {
            (true, _) => Self::Confirmation,
            (false, true) => Self::ConfirmationAndResult,
            (false, false) => Self::Result,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Result => "RESULT",
            Self::Confirmation => "USER_CONFIRMATION",
            Self::ConfirmationAndResult => "USER_CONFIRMATION_AND_RESULT",
        }
    }
}

impl Waiting {
    /// The caller's results in the order of the questions, if they answer these and nothing else.
    pub(crate) fn check(&self, id: &str, results: &[InvocationResult]) -> Result<Vec<InvocationResult>, AgentError> {
        if id != self.invocation_id {
            return Err(AgentError::invalid("`invocationId` is not the one that this session waits for"));
        }
        let mut left: Vec<&InvocationResult> = results.iter().collect();
        let mut sorted = Vec::new();
        for asked in &self.asked {
            let Some(at) = left.iter().position(|result| asked.is_answered_by(result)) else {
                return Err(AgentError::invalid(format!(
                    "the results have none for {} of action group `{}`",
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
        Err(AgentError::invalid("the results answer more than was asked"))
    }

    fn check_fields(&self, asked: &Asked, fields: &ResultFields) -> Result<(), AgentError> {
        let target = &asked.target;
        match &fields.agent_id {
            Some(id) if *id != self.agent_id => {
                return Err(AgentError::invalid(format!(
                    "the result for {target} has another `agentId` than agent `{}`, which asked for it",
                    self.agent_id
                )));
            }
            None if self.collaborator => {
                return Err(AgentError::invalid(format!(
                    "the result for {target} needs the `agentId` of the collaborator that asked for it, `{}`",
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

    /// Wakes the turn.
    pub(crate) fn answer(self, results: Vec<InvocationResult>) {
        // A turn that is gone needs no answer.
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

impl Seat<'_> {
    /// Asks about all the calls, and runs what a person allows. After a failure nothing is asked any more.
    pub(crate) async fn ask_all(
        &self,
        questions: &[Question<'_>],
        failed: bool,
    ) -> Vec<(usize, Result<Outcome, Ended>)> {
        let mut results = Vec::new();
        if failed {
            return results;
        }
        for batch in questions.chunks(AT_ONCE) {
            match self.ask(batch).await {
                Ok(answers) => {
                    let settled = batch.iter().zip(answers).map(|(question, answer)| self.settle(*question, answer));
                    let settled = join_all(settled).await;
                    for (question, (result, span)) in batch.iter().zip(settled) {
                        if let Ok(outcome) = &result {
                            self.trace_action_output(&outcome.text, outcome.reprompt, span);
                        }
                        results.push((question.index, result));
                    }
                }
                Err(_) => results.extend(batch.iter().map(|question| (question.index, Err(Ended::Dropped)))),
            }
            if results.iter().any(|(_, result)| result.is_err()) {
                break;
            }
        }
        results
    }

    async fn ask(&self, batch: &[Question<'_>]) -> Result<Vec<InvocationResult>, Ended> {
        let _one_at_a_time = self.turn.asking.lock().await;
        if self.turn.is_dropped() {
            return Err(Ended::Dropped);
        }
        let id = Uuid::new_v4().to_string();
        for question in batch.iter().filter(|question| question.action.function.is_none()) {
            self.trace_action_input(question.action, question.arguments, Some(&id));
        }
        let inputs: Vec<Value> = batch.iter().map(|question| self.invocation_input(*question)).collect();
        let payload = json!({"invocationId": id, "invocationInputs": inputs});
        self.trace_up(|parent, child| {
            let output = json!({"type": "RETURN_CONTROL", "returnControlPayload": payload});
            parent.trace_collaborator_output(child.name.as_deref().unwrap_or_default(), &child.arn(), &output, None);
        });
        let (answer, answered) = oneshot::channel();
        // The session waits before the caller knows: an answer may come at once.
        self.turn.session.set_phase(Phase::Waiting(Waiting {
            turn: Arc::clone(self.turn),
            invocation_id: id.clone(),
            agent_id: self.agent.spec.id.clone(),
            collaborator: self.name.is_some(),
            asked: batch.iter().map(|question| Asked::of(question.action)).collect(),
            answer,
        }));
        self.turn.sink.finish(Some(Event::ReturnControl(payload.clone())));
        let Ok(results) = answered.await else {
            self.turn.drop_questions();
            return Err(Ended::Dropped);
        };
        self.trace_up(|parent, child| {
            let input = json!({"type": "RETURN_CONTROL", "returnControlResults": {
                "invocationId": id,
                "returnControlInvocationResults": results,
            }});
            parent.trace_collaborator_input(child.name.as_deref().unwrap_or_default(), &child.arn(), &input);
        });
        Ok(results)
    }

    /// Tells every supervisor on the way up about its collaborator.
    fn trace_up(&self, tell: impl Fn(&Seat<'_>, &Seat<'_>)) {
        let mut child: &Seat<'_> = self;
        while let Some(parent) = child.parent {
            tell(parent, child);
            child = parent;
        }
    }

    fn invocation_input(&self, question: Question<'_>) -> Value {
        let mut input = json!({
            "actionGroup": question.action.group,
            "parameters": question.arguments.parameters(),
            "actionInvocationType": AskKind::of(question.action).name(),
            "agentId": self.agent.spec.id,
        });
        let mut put =
            |name: &str, value: Value| input.as_object_mut().and_then(|input| input.insert(name.to_owned(), value));
        if let Some(name) = &self.name {
            put("collaboratorName", json!(name));
        }
        match &question.action.wire {
            Wire::Function { .. } => {
                put("function", json!(question.action.tool));
                json!({"functionInvocationInput": input})
            }
            Wire::Api(operation) => {
                put("apiPath", json!(operation.path));
                put("httpMethod", json!(operation.method));
                if let Some(body) = question.arguments.request_body() {
                    put("requestBody", body);
                }
                json!({"apiInvocationInput": input})
            }
        }
    }

    async fn settle(&self, question: Question<'_>, answer: InvocationResult) -> (Result<Outcome, Ended>, Span) {
        let start = Timestamp::now();
        let answer = answer.fields();
        let result = if answer.confirmation_state == Some(Confirmation::Deny) {
            Ok(Outcome::error(format!("{DECLINED}: `{}` was not run.", question.action.tool)))
        } else if question.action.function.is_some() {
            self.trace_action_input(question.action, question.arguments, None);
            self.run(question.action, question.arguments).await.map_err(Ended::from)
        } else {
            brought(question.action, answer).map_err(Ended::from)
        };
        (result, Span::since(start))
    }
}

/// A result that the caller brings, who ran the action itself.
fn brought(action: &Action, answer: &ResultFields) -> Result<Outcome, AgentError> {
    // What else could be in it was refused when it came.
    let mut bodies = answer.response_body.iter().flatten();
    let text = bodies.find_map(|(_, content)| content.body.clone()).unwrap_or_default();
    match answer.response_state {
        Some(ResponseState::Failure) => Err(AgentError::new(
            Kind::DependencyFailed,
            format!("the caller reported that `{}` failed: {text}", action.tool),
        )),
        Some(ResponseState::Reprompt) => Ok(Outcome { text, error: true, reprompt: true }),
        None if answer.http_status_code.is_some_and(|status| status >= 400) => Ok(Outcome::error(text)),
        None => Ok(Outcome::ok(text)),
    }
}
