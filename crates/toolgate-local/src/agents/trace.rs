//! Trace parts, in the shapes of the service's model (`requestBody.content` has another shape here than elsewhere).

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{
    agent_run::AgentRun,
    alias_arn,
    arguments::Arguments,
    error::AgentError,
    lookup::Lookup,
    sink::Event,
    span::Span,
    tools::{Action, Wire},
    version_of,
};
use crate::{
    conversation::truncate,
    guardrail::{Assessment, Side},
};
use toolgate_models::{Block, Inference, Message, ModelReply};

/// Maximum length of a traced prompt: botocore accepts no event above 24 MiB.
const PROMPT_BYTES: usize = 4 * 1024 * 1024;

/// UTC with milliseconds and `Z`, as the service writes it.
fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

fn milliseconds(duration: Duration) -> u64 {
    duration.as_millis().try_into().unwrap_or(u64::MAX)
}

impl AgentRun<'_> {
    /// Emits a trace part for this agent if the caller requested traces. Builds the part only in that case.
    fn trace(&self, kind: &str, make: impl FnOnce() -> Value) {
        if !self.turn.wants_trace() {
            return;
        }
        let chain: Vec<Value> = self.chain.iter().map(|arn| json!({"agentAliasArn": arn})).collect();
        let mut part = json!({
            "agentId": self.agent.spec.id,
            "agentAliasId": self.alias,
            "agentVersion": version_of(&self.alias),
            "sessionId": self.turn.session.id,
            "eventTime": instant(Timestamp::now()),
            "callerChain": chain,
            "trace": {kind: make()},
        });
        if let Some(name) = &self.name {
            put(&mut part, "collaboratorName", name.as_str());
        }
        self.turn.sink.emit(Event::Trace(part));
    }

    fn step(&self, member: &str, make: impl FnOnce() -> Value) {
        let kind = if self.is_routing() { "routingClassifierTrace" } else { "orchestrationTrace" };
        self.trace(kind, || {
            let mut fields = make();
            put(&mut fields, "traceId", self.trace_id());
            json!({member: fields})
        });
    }

    fn metadata(&self, span: Span) -> Value {
        let took = span.end.duration_since(span.start);
        json!({
            "clientRequestId": self.turn.request_id.to_string(),
            "startTime": instant(span.start),
            "endTime": instant(span.end),
            "totalTimeMs": milliseconds(took.unsigned_abs()),
        })
    }

    pub(crate) fn trace_model_input(&self, system: &str, messages: &[Message]) {
        self.step("modelInvocationInput", || {
            let mut text = json!({"system": system, "messages": messages}).to_string();
            truncate(&mut text, PROMPT_BYTES);
            let prompt = &self.agent.spec.prompt;
            let mut input = json!({
                "type": if self.is_routing() { "ROUTING_CLASSIFIER" } else { "ORCHESTRATION" },
                "text": text,
                "foundationModel": self.model().label(&self.agent.spec.foundation_model),
                "promptCreationMode": if prompt.base.is_some() { "OVERRIDDEN" } else { "DEFAULT" },
                "parserMode": "DEFAULT",
            });
            let inference = inference(&prompt.inference);
            if !inference.is_empty() {
                put(&mut input, "inferenceConfiguration", inference);
            }
            input
        });
    }

    pub(crate) fn trace_model_output(&self, reply: &ModelReply, span: Span) {
        let thought = reply.content.iter().find_map(|block| match block {
            Block::Reasoning { text, .. } => Some(text.as_str()),
            _ => None,
        });
        self.step("modelInvocationOutput", || {
            let mut metadata = self.metadata(span);
            put(&mut metadata, "usage", json!(reply.usage));
            let mut output = json!({
                "rawResponse": {"content": json!({"content": reply.content, "stopReason": reply.stop}).to_string()},
                "metadata": metadata,
            });
            if let Some(text) = thought.filter(|_| !self.is_routing()) {
                put(&mut output, "reasoningContent", json!({"reasoningText": {"text": text}}));
            }
            output
        });
        let calls = reply.content.iter().any(|block| matches!(block, Block::ToolUse { .. }));
        let text_before_calls = reply.content.iter().find_map(|block| match block {
            Block::Text(text) if calls => Some(text.as_str()),
            _ => None,
        });
        // A classifier's trace has no member for a rationale.
        if let Some(text) = text_before_calls.or(thought).filter(|_| !self.is_routing()) {
            self.step("rationale", || json!({"text": text}));
        }
    }

    pub(crate) fn trace_action_input(&self, action: &Action, arguments: &Arguments, invocation_id: Option<&str>) {
        self.step("invocationInput", || {
            let execution = if action.function.is_some() { "LAMBDA" } else { "RETURN_CONTROL" };
            let mut input = json!({
                "actionGroupName": action.group,
                "executionType": execution,
                "parameters": arguments.parameters(),
            });
            match &action.wire {
                Wire::Function { .. } => put(&mut input, "function", action.tool.as_str()),
                Wire::Api(operation) => {
                    put(&mut input, "apiPath", operation.path.as_str());
                    put(&mut input, "verb", operation.method.as_str());
                }
            }
            if let Some(body) = arguments.traced_body() {
                put(&mut input, "requestBody", body);
            }
            if let Some(id) = invocation_id {
                put(&mut input, "invocationId", id);
            }
            json!({"invocationType": "ACTION_GROUP", "actionGroupInvocationInput": input})
        });
    }

    pub(crate) fn trace_action_output(&self, text: &str, reprompt: bool, span: Span) {
        self.step("observation", || {
            if reprompt {
                return json!({"type": "REPROMPT", "repromptResponse": {"source": "ACTION_GROUP", "text": text}});
            }
            let output = json!({"text": text, "metadata": self.metadata(span)});
            json!({"type": "ACTION_GROUP", "actionGroupInvocationOutput": output})
        });
    }

    pub(crate) fn trace_lookup_input(&self, lookup: &Lookup<'_>) {
        self.step(
            "invocationInput",
            || json!({"invocationType": "KNOWLEDGE_BASE", "knowledgeBaseLookupInput": lookup.traced_input()}),
        );
    }

    pub(crate) fn trace_lookup_output(&self, lookup: &Lookup<'_>, span: Span) {
        self.step("observation", || {
            let mut output = lookup.traced_output();
            put(&mut output, "metadata", self.metadata(span));
            json!({"type": "KNOWLEDGE_BASE", "knowledgeBaseLookupOutput": output})
        });
    }

    /// A call that could not be parsed.
    pub(crate) fn trace_refused(&self, text: &str) {
        self.step(
            "observation",
            || json!({"type": "REPROMPT", "repromptResponse": {"source": "PARSER", "text": text}}),
        );
    }

    /// `input` is `{type, text | returnControlResults}`.
    pub(crate) fn trace_collaborator_input(&self, name: &str, arn: &str, input: &Value) {
        self.step("invocationInput", || {
            let input = json!({"agentCollaboratorName": name, "agentCollaboratorAliasArn": arn, "input": input});
            json!({"invocationType": "AGENT_COLLABORATOR", "agentCollaboratorInvocationInput": input})
        });
    }

    /// `output` is `{type, text | returnControlPayload}`.
    pub(crate) fn trace_collaborator_output(&self, name: &str, arn: &str, output: &Value, span: Option<Span>) {
        self.step("observation", || {
            let mut fields = json!({"agentCollaboratorName": name, "agentCollaboratorAliasArn": arn, "output": output});
            if let Some(span) = span {
                put(&mut fields, "metadata", self.metadata(span));
            }
            json!({"type": "AGENT_COLLABORATOR", "agentCollaboratorInvocationOutput": fields})
        });
    }

    /// The turn ends with an answer (`FINISH`) or with a question to the user (`ASK_USER`).
    pub(crate) fn trace_final(&self, kind: &str, text: &str, span: Span) {
        self.step(
            "observation",
            || json!({"type": kind, "finalResponse": {"text": text, "metadata": self.whole(span)}}),
        );
    }

    /// The metadata of a final response, which also has the duration of the whole operation.
    fn whole(&self, span: Span) -> Value {
        let mut metadata = self.metadata(span);
        put(&mut metadata, "operationTotalTimeMs", milliseconds(self.turn.started.elapsed()));
        metadata
    }

    pub(crate) fn trace_failure(&self, error: &AgentError, span: Span) {
        self.trace("failureTrace", || {
            let hint = error.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
            json!({
                "traceId": self.trace_id(),
                "failureReason": format!("{}{hint}", error.message),
                "failureCode": error.kind.status().as_u16(),
                "metadata": self.metadata(span),
            })
        });
    }

    pub(crate) fn trace_guardrail(&self, assessment: &Assessment, side: Side, span: Span) {
        self.trace("guardrailTrace", || {
            let list = match side {
                Side::Input => "inputAssessments",
                Side::Output => "outputAssessments",
            };
            json!({
                "traceId": self.trace_id(),
                "action": if assessment.has_intervened() { "INTERVENED" } else { "NONE" },
                list: assessment.traced(),
                "metadata": self.metadata(span),
            })
        });
    }

    /// The alias under which this agent was invoked.
    pub(crate) fn arn(&self) -> String {
        alias_arn(&self.agent.spec.id, &self.alias)
    }
}

/// The inference settings that are set, under the names of the trace.
fn inference(given: &Inference) -> Map<String, Value> {
    let stop_sequences = (!given.stop_sequences.is_empty()).then_some(&given.stop_sequences);
    let settings = [
        ("temperature", json!(given.temperature)),
        ("topP", json!(given.top_p)),
        ("topK", json!(given.top_k)),
        ("maximumLength", json!(given.max_tokens)),
        ("stopSequences", json!(stop_sequences)),
    ];
    let set = settings.into_iter().filter(|(_, value)| !value.is_null());
    set.map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Adds a member to a JSON object.
pub(super) fn put(object: &mut Value, name: &str, value: impl Into<Value>) {
    if let Some(members) = object.as_object_mut() {
        members.insert(name.to_owned(), value.into());
    }
}
