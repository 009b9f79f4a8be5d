//! The tool calls of one model turn. They run in parallel; their results and traces keep the order of the calls.

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream::FuturesOrdered};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    agent_run::AgentRun,
    alias_arn,
    arguments::Arguments,
    error::Ended,
    lookup::{self, Lookup},
    prompt,
    return_control::Question,
    span::Span,
    tools::Action,
    turn::Turn,
};
use crate::{
    conversation::{Outcome, ToolCall},
    sync::lock,
};
use toolgate_models::{Block, Message};
use toolgate_template::CollaboratorSpec;

/// Maximum depth: a supervisor may call an agent that calls another agent.
const DEPTH: usize = 3;

/// How a call is handled.
#[derive(Debug)]
pub(crate) enum Plan<'a> {
    /// The call is not valid. The model gets the reason.
    Refuse(String),
    /// A function runs it.
    Run(&'a Action, Arguments),
    /// The caller confirms it first, or runs it.
    Ask(&'a Action, Arguments),
    /// A search in a knowledge base, which has its results.
    Lookup(Lookup<'a>),
    /// A collaborator handles it.
    Message(&'a CollaboratorSpec, String),
    /// A question to the user, which ends the turn.
    AskUser(String),
}

/// The results of the calls that have run, by the place of the call in the turn.
type Results = BTreeMap<usize, Result<Outcome, Ended>>;

impl<'a> AgentRun<'a> {
    /// Runs the calls. Every call gets a result in all cases. The second part of the return value is set if the turn
    /// ends.
    pub(crate) async fn perform(&self, calls: Vec<ToolCall>, history: &[Message]) -> (Vec<Block>, Option<Ended>) {
        let plans: Vec<Plan<'_>> = calls.iter().map(|call| self.plan(call)).collect();
        for plan in &plans {
            self.announce(plan);
        }
        let relayed = prompt::relayed(history);
        let mut results = Results::new();
        let mut running: FuturesOrdered<_> = plans
            .iter()
            .enumerate()
            .filter(|(_, plan)| !matches!(plan, Plan::Ask(..)))
            .map(|(index, plan)| {
                let relayed = relayed_to(plan, &relayed);
                async move {
                    let start = Timestamp::now();
                    let result = self.carry_out(plan, &relayed).await;
                    (index, result, Span::since(start))
                }
            })
            .collect();
        while let Some((index, result, span)) = running.next().await {
            self.observe(plans.get(index), &result, span);
            results.insert(index, result);
        }
        drop(running);
        let questions: Vec<Question<'_>> = plans
            .iter()
            .enumerate()
            .filter_map(|(index, plan)| match plan {
                Plan::Ask(action, arguments) => Some(Question { index, action, arguments }),
                _ => None,
            })
            .collect();
        let failed = results.values().any(|result| !matches!(result, Ok(_) | Err(Ended::Asked(_))));
        results.extend(self.ask_all(&questions, failed).await);
        settle(calls, results)
    }

    fn plan(&self, call: &ToolCall) -> Plan<'a> {
        let Some(input) = call.input.as_object() else {
            return Plan::Refuse(format!("the input of `{}` must be a JSON object", call.name));
        };
        if call.name == prompt::SEND_MESSAGE && !self.agent.spec.collaborators.is_empty() {
            return self.plan_message(&call.input);
        }
        if call.name == prompt::ASK_USER && self.agent.tools.asks_user {
            let question = input.get("question").and_then(Value::as_str).map(str::trim);
            return match question.filter(|question| !question.is_empty()) {
                Some(question) => Plan::AskUser(question.to_owned()),
                None => Plan::Refuse("a question to the user needs `question`, as text".to_owned()),
            };
        }
        let turn: &'a Turn = self.turn;
        if let Some(base) = self.agent.tools.lookups.get(&call.name).and_then(|id| turn.agents.knowledge.find(id)) {
            let search = turn.searches.get(&base.spec.id).cloned().unwrap_or_default();
            return match Lookup::run(base, input, &search) {
                Some(lookup) => Plan::Lookup(lookup),
                None => Plan::Refuse(format!("a search needs `{}`, as text", lookup::QUERY)),
            };
        }
        let Some(action) = self.agent.tools.action(&call.name) else {
            let names: Vec<&str> = self.agent.tools.specs.iter().map(|tool| tool.name.as_str()).collect();
            return Plan::Refuse(format!("there is no tool `{}`; the tools are: {}", call.name, names.join(", ")));
        };
        let arguments = Arguments::of(action, input);
        if action.confirm || action.function.is_none() {
            return Plan::Ask(action, arguments);
        }
        Plan::Run(action, arguments)
    }

    fn plan_message(&self, input: &Value) -> Plan<'a> {
        let field = |name: &str| input.get(name).and_then(Value::as_str);
        let (Some(recipient), Some(content)) =
            (field("recipient"), field("content").filter(|content| !content.trim().is_empty()))
        else {
            return Plan::Refuse("a message needs `recipient` and `content`, both as text".to_owned());
        };
        match self.agent.spec.collaborators.iter().find(|collaborator| collaborator.name == recipient) {
            Some(collaborator) => Plan::Message(collaborator, content.to_owned()),
            None => Plan::Refuse(format!(
                "there is no agent `{recipient}`; the agents are:{}",
                prompt::recipients(&self.agent.spec)
            )),
        }
    }

    fn announce(&self, plan: &Plan<'_>) {
        match plan {
            Plan::Run(action, arguments) => self.trace_action_input(action, arguments, None),
            Plan::Message(collaborator, content) => {
                let input = json!({"type": "TEXT", "text": content});
                self.trace_collaborator_input(&collaborator.name, &self.arn_of(collaborator), &input);
            }
            Plan::Lookup(lookup) => self.trace_lookup_input(lookup),
            Plan::Refuse(_) | Plan::Ask(..) | Plan::AskUser(_) => {}
        }
    }

    async fn carry_out(&self, plan: &Plan<'_>, relayed: &str) -> Result<Outcome, Ended> {
        match plan {
            Plan::Run(action, arguments) => Ok(self.run_action(action, arguments).await?),
            Plan::Message(collaborator, content) => self.send_message(collaborator, content, relayed).await,
            Plan::Lookup(lookup) => Ok(lookup.outcome(&mut lock(&self.turn.references))),
            Plan::Refuse(reason) => Ok(Outcome::error(reason)),
            Plan::AskUser(question) => Err(Ended::Asked(question.clone())),
            Plan::Ask(..) => Err(Ended::Dropped),
        }
    }

    async fn send_message(
        &self,
        collaborator: &CollaboratorSpec,
        content: &str,
        relayed: &str,
    ) -> Result<Outcome, Ended> {
        if self.chain.len() >= DEPTH {
            return Ok(Outcome::error(format!(
                "agent `{}` cannot be called: agents call each other at most {DEPTH} levels deep",
                collaborator.name
            )));
        }
        if self.is_asked_by(&collaborator.agent_id) {
            return Ok(Outcome::error(format!(
                "agent `{}` cannot be called: it waits for this agent's answer",
                collaborator.name
            )));
        }
        let Some(agent) = self.turn.agents.agent(&collaborator.agent_id) else {
            return Ok(Outcome::error(format!("agent `{}` does not exist", collaborator.name)));
        };
        let run = self.collaborator(agent, &collaborator.name, content.to_owned(), relayed.to_owned());
        match run.run().await {
            Ok(text) => Ok(Outcome::ok(text)),
            Err(Ended::Failed(error)) => {
                Ok(Outcome::error(format!("agent `{}` could not answer: {}", collaborator.name, error.message)))
            }
            Err(ended) => Err(ended),
        }
    }

    /// Whether an agent is already in the chain from the caller to this agent.
    fn is_asked_by(&self, agent_id: &str) -> bool {
        let mut run = Some(self);
        while let Some(here) = run {
            if here.agent.spec.id == agent_id {
                return true;
            }
            run = here.parent;
        }
        false
    }

    fn observe(&self, plan: Option<&Plan<'_>>, result: &Result<Outcome, Ended>, span: Span) {
        let Ok(outcome) = result else { return };
        match plan {
            Some(Plan::Run(..)) => self.trace_action_output(&outcome.text, outcome.reprompt, span),
            Some(Plan::Message(collaborator, _)) => {
                let output = json!({"type": "TEXT", "text": outcome.text});
                self.trace_collaborator_output(&collaborator.name, &self.arn_of(collaborator), &output, Some(span));
            }
            Some(Plan::Lookup(lookup)) => self.trace_lookup_output(lookup, span),
            Some(Plan::Refuse(reason)) => self.trace_refused(reason),
            Some(Plan::Ask(..) | Plan::AskUser(_)) | None => {}
        }
    }

    fn arn_of(&self, collaborator: &CollaboratorSpec) -> String {
        let alias = self.turn.agents.agent(&collaborator.agent_id).map_or("", |agent| agent.own_alias());
        alias_arn(&collaborator.agent_id, alias)
    }
}

fn relayed_to(plan: &Plan<'_>, conversation: &str) -> String {
    match plan {
        Plan::Message(collaborator, _) if collaborator.relay_history => conversation.to_owned(),
        _ => String::new(),
    }
}

/// The results for the model. A call without a result, or one that failed the turn, gets one as well, because a model
/// only accepts a history in which every call has a result.
fn settle(calls: Vec<ToolCall>, mut results: Results) -> (Vec<Block>, Option<Ended>) {
    let mut ended = None;
    let blocks = calls
        .into_iter()
        .enumerate()
        .map(|(index, call)| {
            let outcome = match results.remove(&index) {
                Some(Ok(outcome)) => outcome,
                Some(Err(because)) => {
                    let outcome = unanswered(&because);
                    ended = Some(combine_reasons(ended.take(), because));
                    outcome
                }
                None => Outcome::error("Not run: another call of this turn failed."),
            };
            Block::ToolResult { id: call.id, text: outcome.text, error: outcome.error || outcome.reprompt }
        })
        .collect();
    (blocks, ended)
}

/// The text in place of a result if the turn ended at this call.
fn unanswered(because: &Ended) -> Outcome {
    match because {
        Ended::Failed(error) => Outcome::error(&error.message),
        Ended::Asked(_) => Outcome::ok("The question was sent to the user. The user's next message is the answer."),
        Ended::Dropped => Outcome::error("Not run: the user sent another message instead of an answer."),
    }
}

/// Combines two reasons to end a turn. A failure takes precedence, and questions are joined.
fn combine_reasons(first: Option<Ended>, second: Ended) -> Ended {
    match (first, second) {
        (None, only) => only,
        (Some(Ended::Asked(first)), Ended::Asked(second)) => Ended::Asked(format!("{first}\n{second}")),
        (Some(failed @ Ended::Failed(_)), _) | (_, failed @ Ended::Failed(_)) => failed,
        (Some(Ended::Dropped), _) | (_, Ended::Dropped) => Ended::Dropped,
    }
}
