//! The record of a turn, from its traces.

use std::collections::HashMap;

use aws_sdk_bedrockagentruntime::types::{InvocationInput, Observation, OrchestrationTrace as O, Trace, TracePart};
use serde_json::{Map, Value, json};

/// The record of a turn.
#[derive(Debug, Default)]
pub(crate) struct Record {
    pub(crate) answer: String,
    /// In the order in which they were made.
    pub(crate) calls: Vec<Call>,
    /// The collaborators asked.
    pub(crate) collaborators: Vec<String>,
    pub(crate) confirmed: Vec<String>,
    pub(crate) failures: Vec<String>,
}

/// A tool call and its result.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) tool: String,
    pub(crate) input: Map<String, Value>,
    pub(crate) output: Option<Value>,
    /// The same id for all calls of a model turn.
    step: String,
}

impl Record {
    /// Adds a trace part.
    pub(crate) fn add(&mut self, part: &TracePart) {
        match part.trace() {
            Some(Trace::OrchestrationTrace(O::InvocationInput(input))) => self.begin(input),
            Some(Trace::OrchestrationTrace(O::Observation(seen))) => self.end(seen),
            Some(Trace::FailureTrace(failure)) => {
                self.failures.push(failure.failure_reason().unwrap_or("a failure").to_owned())
            }
            _ => {}
        }
    }

    fn begin(&mut self, input: &InvocationInput) {
        if let Some(action) = input.action_group_invocation_input() {
            let path = action.api_path().map(|path| path.trim_start_matches('/'));
            let body =
                action.request_body().and_then(|body| body.content()).into_iter().flat_map(HashMap::values).flatten();
            let value = |text: Option<&str>| text.unwrap_or_default().to_owned();
            self.calls.push(Call {
                tool: action.function().or(path).unwrap_or_default().to_owned(),
                input: action.parameters().iter().chain(body).map(|p| (value(p.name()), json!(p.value()))).collect(),
                output: None,
                step: value(input.trace_id()),
            });
        }
        let asked = input.agent_collaborator_invocation_input();
        if let Some(asked) = asked.filter(|asked| asked.input().is_some_and(|input| input.text().is_some())) {
            self.collaborators.push(asked.agent_collaborator_name().unwrap_or_default().to_owned());
        }
    }

    fn end(&mut self, seen: &Observation) {
        let text = match (seen.action_group_invocation_output(), seen.reprompt_response()) {
            (Some(output), _) => output.text(),
            (None, Some(reprompt)) => {
                self.failures.push(reprompt.text().unwrap_or("a reprompt").to_owned());
                reprompt.text()
            }
            (None, None) => return,
        };
        let text = text.unwrap_or_default();
        let step = seen.trace_id().unwrap_or_default();
        // Results come in the order of the calls.
        if let Some(call) = self.calls.iter_mut().find(|call| call.step == step && call.output.is_none()) {
            call.output = Some(serde_json::from_str(text).unwrap_or_else(|_| json!(text)));
        }
    }

    /// The tools called, grouped by model turn.
    pub(crate) fn groups(&self) -> Vec<Vec<&str>> {
        self.calls
            .chunk_by(|one, next| one.step == next.step)
            .map(|group| group.iter().map(|call| call.tool.as_str()).collect())
            .collect()
    }

    /// The variables of the templates and expressions of a scenario.
    pub(crate) fn values(&self) -> Value {
        let results: Map<String, Value> =
            self.calls.iter().map(|call| (call.tool.clone(), call.output.clone().unwrap_or_default())).collect();
        let calls: Vec<Value> = self
            .calls
            .iter()
            .map(|call| json!({"tool": call.tool, "input": call.input, "output": call.output}))
            .collect();
        json!({"results": results, "calls": calls})
    }
}
