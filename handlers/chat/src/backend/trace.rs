//! The traces of an agent: its calls and their replies, and the tokens of its model turns.

use std::collections::HashMap;

use aws_sdk_bedrockagentruntime::types::{
    ActionGroupInvocationInput, GuardrailAction, InvocationInput, Metadata, ModelInvocationInput, Observation,
    OrchestrationTrace, Parameter, PostProcessingTrace, PreProcessingTrace, RoutingClassifierTrace, Source, Trace,
    TracePart,
};
use serde_json::{Map, Value, json};
use toolgate::prices::Tokens;
use uuid::Uuid;

use super::{
    question::{Answered, Target},
    reply,
};
use crate::{money::End, progress::Progress};

/// Reads the traces of one turn.
#[derive(Debug, Default)]
pub(super) struct Traces {
    /// The models of the model turns that have not ended; only the input of a model turn has it.
    models: HashMap<Step, Option<String>>,
    /// The calls without a reply.
    open: Vec<Open>,
    counted: usize,
    /// Something may have cost money that is not counted.
    is_unclear: bool,
    /// A guardrail has stopped the customer's text, before any model.
    is_blocked: bool,
}

/// A step of an agent: the agent's id, and the id that the input and the output of the step share.
type Step = (String, String);

#[derive(Debug)]
struct Open {
    id: String,
    group: String,
    target: Target,
    /// `None` for a call that was confirmed and has not been traced since.
    step: Option<Step>,
    is_asked: bool,
}

impl Traces {
    /// The traces of a turn that begins with the customer's answers.
    pub(super) fn after(answered: Option<&Answered>) -> Self {
        let confirmed = answered.into_iter().flat_map(Answered::calls).filter(|(_, is_approved)| *is_approved);
        let open = confirmed.map(|(call, _)| Open {
            id: call.id.clone(),
            group: call.group.clone(),
            target: call.target.clone(),
            step: None,
            is_asked: true,
        });
        Self { open: open.collect(), ..Self::default() }
    }

    /// What a part means.
    pub(super) fn read(&mut self, part: TracePart) -> Vec<Progress> {
        let agent = part.agent_id.unwrap_or_default();
        let step = |id: Option<&str>| (agent.clone(), id.unwrap_or_default().to_owned());
        match part.trace {
            Some(Trace::OrchestrationTrace(trace)) => match trace {
                OrchestrationTrace::ModelInvocationInput(input) => self.model_begins(&agent, input),
                OrchestrationTrace::ModelInvocationOutput(output) => {
                    self.model_ends(step(output.trace_id()), output.metadata())
                }
                OrchestrationTrace::InvocationInput(input) => self.call(step(input.trace_id()), input),
                OrchestrationTrace::Observation(seen) => self.observation(step(seen.trace_id()), &seen),
                _ => Vec::new(),
            },
            Some(Trace::RoutingClassifierTrace(trace)) => match trace {
                RoutingClassifierTrace::ModelInvocationInput(input) => self.model_begins(&agent, input),
                RoutingClassifierTrace::ModelInvocationOutput(output) => {
                    self.model_ends(step(output.trace_id()), output.metadata())
                }
                RoutingClassifierTrace::InvocationInput(input) => self.call(step(input.trace_id()), input),
                RoutingClassifierTrace::Observation(seen) => self.observation(step(seen.trace_id()), &seen),
                _ => Vec::new(),
            },
            Some(Trace::PreProcessingTrace(trace)) => match trace {
                PreProcessingTrace::ModelInvocationInput(input) => self.model_begins(&agent, input),
                PreProcessingTrace::ModelInvocationOutput(output) => {
                    self.model_ends(step(output.trace_id()), output.metadata())
                }
                _ => Vec::new(),
            },
            Some(Trace::PostProcessingTrace(trace)) => match trace {
                PostProcessingTrace::ModelInvocationInput(input) => self.model_begins(&agent, input),
                PostProcessingTrace::ModelInvocationOutput(output) => {
                    self.model_ends(step(output.trace_id()), output.metadata())
                }
                _ => Vec::new(),
            },
            Some(Trace::GuardrailTrace(trace)) => {
                // what it takes from an answer was written by a model
                let is_before = trace.output_assessments().is_empty();
                self.is_blocked |= is_before && trace.action() == Some(&GuardrailAction::Intervened);
                Vec::new()
            }
            Some(Trace::FailureTrace(_)) | None => Vec::new(),
            // a kind of trace that this version does not know, or whose model turns are not reported
            Some(_) => {
                self.is_unclear = true;
                Vec::new()
            }
        }
    }

    /// What is known of the costs at the end of the stream.
    ///
    /// A turn without any model turn is known only if a guardrail has answered.
    pub(super) fn end(&self) -> End {
        let is_known = !self.is_unclear && self.models.is_empty() && (self.counted > 0 || self.is_blocked);
        if is_known { End::Complete } else { End::Unknown }
    }

    /// The id of the call that a question is about: the one that was traced, or a new one.
    pub(super) fn asked(&mut self, group: &str, target: &Target) -> String {
        let is_same = |open: &&mut Open| !open.is_asked && open.group == group && open.target.is_same(target);
        match self.open.iter_mut().find(is_same) {
            Some(open) => {
                open.is_asked = true;
                open.id.clone()
            }
            None => new_id(),
        }
    }

    fn model_begins(&mut self, agent: &str, input: ModelInvocationInput) -> Vec<Progress> {
        let step = (agent.to_owned(), input.trace_id.unwrap_or_default());
        // a model turn of the same step that has not ended is never reported any more
        self.is_unclear |= self.models.insert(step, input.foundation_model).is_some();
        Vec::new()
    }

    fn model_ends(&mut self, step: Step, metadata: Option<&Metadata>) -> Vec<Progress> {
        let model = self.models.remove(&step).flatten();
        let usage = metadata.and_then(Metadata::usage);
        let count = |tokens: Option<i32>| tokens.and_then(|tokens| u64::try_from(tokens).ok());
        let input = usage.and_then(|usage| count(usage.input_tokens()));
        let output = usage.and_then(|usage| count(usage.output_tokens()));
        self.is_unclear |= input.is_none() || output.is_none();
        if input.is_none() && output.is_none() {
            return Vec::new();
        }
        self.counted += 1;
        let (input, output) = (input.unwrap_or_default(), output.unwrap_or_default());
        vec![Progress::Tokens { model, tokens: Tokens { input, output, ..Tokens::default() } }]
    }

    /// A call of a tool. What agents send to each other is not shown.
    fn call(&mut self, step: Step, input: InvocationInput) -> Vec<Progress> {
        let Some(action) = input.action_group_invocation_input else { return Vec::new() };
        let Some(target) = target(&action) else { return Vec::new() };
        let group = action.action_group_name.clone().unwrap_or_default();
        let is_confirmed =
            |open: &&mut Open| open.step.is_none() && open.group == group && open.target.is_same(&target);
        let id = match self.open.iter_mut().find(is_confirmed) {
            Some(open) => {
                open.step = Some(step);
                open.id.clone()
            }
            None => {
                let id = new_id();
                let target = target.clone();
                self.open.push(Open { id: id.clone(), group, target, step: Some(step), is_asked: false });
                id
            }
        };
        let body = action.request_body.and_then(|body| body.content).unwrap_or_default();
        let given = action.parameters.unwrap_or_default().into_iter().chain(body.into_values().flatten());
        vec![Progress::Call { id, tool: target.tool().to_owned(), input: input_of(given) }]
    }

    /// A reply does not name its call. The replies of a step have the order of its calls.
    fn observation(&mut self, step: Step, seen: &Observation) -> Vec<Progress> {
        let reprompt = seen.reprompt_response().filter(|reprompt| reprompt.source() == Some(&Source::ActionGroup));
        let (text, is_error) = match (seen.action_group_invocation_output(), reprompt) {
            (Some(output), _) => (output.text().unwrap_or_default(), false),
            (None, Some(reprompt)) => (reprompt.text().unwrap_or_default(), true),
            (None, None) => return Vec::new(),
        };
        let of_step = self.open.iter().position(|open| open.step.as_ref() == Some(&step));
        let Some(at) = of_step.or_else(|| self.open.iter().position(|open| open.step.is_none())) else {
            return Vec::new();
        };
        reply::progress(&self.open.remove(at).id, text, is_error)
    }
}

fn target(action: &ActionGroupInvocationInput) -> Option<Target> {
    if let Some(function) = action.function() {
        return Some(Target::Function(function.to_owned()));
    }
    let path = action.api_path()?.to_owned();
    Some(Target::Api { path, method: action.verb().unwrap_or_default().to_owned() })
}

/// The input of a call: names and values as texts. If a name occurs twice, it is a list, so that no value hides another.
pub(super) fn input_of(parameters: impl IntoIterator<Item = Parameter>) -> Value {
    let pairs = parameters.into_iter().map(|given| (given.name.unwrap_or_default(), given.value.unwrap_or_default()));
    let pairs: Vec<(String, String)> = pairs.collect();
    let object: Map<String, Value> = pairs.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
    match object.len() == pairs.len() {
        true => Value::Object(object),
        false => pairs.into_iter().map(|(name, value)| json!({"name": name, "value": value})).collect(),
    }
}

/// A new call's id. It is unique in the session, since a client adds the next turn to the same message.
pub(super) fn new_id() -> String {
    format!("call-{}", Uuid::new_v4().simple())
}
