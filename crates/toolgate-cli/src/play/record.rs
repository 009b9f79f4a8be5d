//! The record of a turn, from its trace parts.

use serde_json::{Map, Value, json};

/// The kind of the error with which a tool parks a call.
const WAITING: &str = "waiting for approval";

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
    pub(crate) fn add(&mut self, part: &Value) {
        if let Some(failure) = part.pointer("/trace/failureTrace") {
            self.failures.push(failure.get("failureReason").and_then(Value::as_str).unwrap_or("a failure").to_owned());
        }
        let Some(step) = part.pointer("/trace/orchestrationTrace") else { return };
        if let Some(input) = step.get("invocationInput") {
            self.begin(input);
        }
        if let Some(seen) = step.get("observation") {
            self.end(seen);
        }
    }

    fn begin(&mut self, input: &Value) {
        if let Some(action) = input.get("actionGroupInvocationInput") {
            let listed = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
            let bodies = action.pointer("/requestBody/content").and_then(Value::as_object);
            let in_body = bodies.into_iter().flat_map(|content| content.values()).flat_map(|media| listed(Some(media)));
            let all = listed(action.get("parameters")).into_iter().chain(in_body);
            let argument = |argument: Value| (text(&argument, "name"), json!(text(&argument, "value")));
            let function = text(action, "function");
            let path = text(action, "apiPath").trim_start_matches('/').to_owned();
            self.calls.push(Call {
                tool: if function.is_empty() { path } else { function },
                input: all.map(argument).collect(),
                output: None,
                step: text(input, "traceId"),
            });
        }
        if let Some(asked) = input.get("agentCollaboratorInvocationInput")
            && asked.pointer("/input/text").is_some()
        {
            self.collaborators.push(text(asked, "agentCollaboratorName"));
        }
    }

    fn end(&mut self, seen: &Value) {
        let reply = match (seen.get("actionGroupInvocationOutput"), seen.get("repromptResponse")) {
            (Some(output), _) => text(output, "text"),
            (None, Some(reprompt)) => {
                self.failures.push(text(reprompt, "text"));
                text(reprompt, "text")
            }
            (None, None) => return,
        };
        let step = text(seen, "traceId");
        // Results come in the order of the calls.
        if let Some(call) = self.calls.iter_mut().find(|call| call.step == step && call.output.is_none()) {
            call.output = Some(serde_json::from_str(&reply).unwrap_or_else(|_| json!(reply)));
        }
    }

    /// A person decides about a call. A call that was parked before does not count, because it is made again, and the
    /// answer so far only said that it waits.
    pub(crate) fn decided(&mut self, tool: &str) {
        let kind = |call: &Call| call.output.as_ref()?.pointer("/error/kind")?.as_str().map(str::to_owned);
        let before = self.calls.len();
        self.calls.retain(|call| call.tool != tool || kind(call).as_deref() != Some(WAITING));
        if self.calls.len() < before {
            self.answer.clear();
        }
        self.confirmed.push(tool.to_owned());
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

fn text(object: &Value, name: &str) -> String {
    object.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}
