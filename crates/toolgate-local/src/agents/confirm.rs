//! Return of control to the caller: to ask a person for confirmation, or to let the caller run an action.
//!
//! The turn emits `returnControl`, which ends the stream, and waits on a channel that stays in the session. The next
//! request brings the answers, opens a new stream and resumes the turn where it stopped, at any depth of agents.

use std::sync::Arc;

use futures_util::future::join_all;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::conversation::{Outcome, Phase};
use toolgate_models::DECLINED;

use super::{
    agent_run::AgentRun,
    error::{AgentError, Ended, Kind},
    request::{Confirmation, InvocationResult, ResponseState, ResultFields},
    return_control::{AskKind, Question, Questions},
    sink::Event,
    span::Span,
    tools::{Action, Wire},
    trace::put,
    turn::Waiting,
};

/// The service's maximum number of questions in one returnControl.
const AT_ONCE: usize = 5;

impl AgentRun<'_> {
    /// Asks about all the calls, and runs those that are confirmed. After a failure no further question is asked.
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
        // Set the state before the caller gets the question, because the answer may arrive at once.
        let questions = Questions::new(id.clone(), self.agent.spec.id.clone(), self.name.is_some(), batch, answer);
        self.turn.session.set_phase(Phase::Waiting(Waiting { turn: Arc::clone(self.turn), questions }));
        self.turn.waits(Some(&payload));
        self.turn.sink.finish(Some(Event::ReturnControl(payload.clone())));
        let answered = answered.await;
        self.turn.waits(None);
        let Ok(results) = answered else {
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

    /// Calls `tell` for every supervisor up to the invoked agent, each with its collaborator.
    fn trace_up(&self, tell: impl Fn(&AgentRun<'_>, &AgentRun<'_>)) {
        let mut child: &AgentRun<'_> = self;
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
        if let Some(name) = &self.name {
            put(&mut input, "collaboratorName", name.as_str());
        }
        match &question.action.wire {
            Wire::Function { .. } => {
                put(&mut input, "function", question.action.tool.as_str());
                json!({"functionInvocationInput": input})
            }
            Wire::Api(operation) => {
                put(&mut input, "apiPath", operation.path.as_str());
                put(&mut input, "httpMethod", operation.method.as_str());
                if let Some(body) = question.arguments.request_body() {
                    put(&mut input, "requestBody", body);
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
            self.run_action(question.action, question.arguments).await.map_err(Ended::from)
        } else {
            caller_result(question.action, answer).map_err(Ended::from)
        };
        (result, Span::since(start))
    }
}

/// The result of an action that the caller ran itself.
fn caller_result(action: &Action, answer: &ResultFields) -> Result<Outcome, AgentError> {
    // The request's validation has refused all other content.
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
