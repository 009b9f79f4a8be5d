//! One trace part in words.

use aws_sdk_bedrockagentruntime::primitives::{DateTime, DateTimeFormat};
use serde_json::Value;

use crate::agent::costs::grouped;

/// The kind of a line, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Model,
    Thought,
    Call,
    Result,
    Answer,
    Failure,
}

/// A line before it is laid out.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) kind: Kind,
    /// The mark before the text; further lines of a long text are indented by its width.
    pub(super) mark: String,
    pub(super) text: String,
}

impl Line {
    fn new(kind: Kind, mark: impl Into<String>, text: impl Into<String>) -> Self {
        Self { kind, mark: mark.into(), text: text.into() }
    }

    pub(super) fn model(output: &Value, cost: Option<&str>) -> Self {
        let mut text = "model".to_owned();
        if let Some(ms) = took(output) {
            text.push_str(&format!(" {ms}"));
        }
        if let Some(usage) = output.pointer("/metadata/usage") {
            let tokens = |name: &str| grouped(usage.get(name).and_then(Value::as_u64).unwrap_or_default());
            text.push_str(&format!(", {} + {} tokens", tokens("inputTokens"), tokens("outputTokens")));
        }
        if let Some(cost) = cost {
            text.push_str(&format!(", {cost}"));
        }
        Self::new(Kind::Model, "", text)
    }

    pub(super) fn rationale(rationale: &Value) -> Self {
        Self::new(Kind::Thought, "  ", format!("\u{201c}{}\u{201d}", text(rationale, "text").trim()))
    }

    /// A call, with another mark if other calls of the same step are running.
    pub(super) fn call(input: &Value, number: usize, beside: bool) -> Self {
        let mark = format!("{} {number} ", if beside { '\u{2225}' } else { '\u{2192}' });
        let name = name(input);
        if let Some(action) = input.get("actionGroupInvocationInput") {
            let group = text(action, "actionGroupName");
            let group = if group.is_empty() { String::new() } else { format!("{group}.") };
            return Self::new(Kind::Call, mark, format!("{group}{name}({})", arguments(action)));
        }
        let message = input.pointer("/agentCollaboratorInvocationInput/input");
        let message = if is_resumed(input) {
            ", with the caller's answer".to_owned()
        } else {
            message.map(|message| format!(": {}", text(message, "text"))).unwrap_or_default()
        };
        Self::new(Kind::Call, mark, format!("{name}{message}"))
    }

    /// A result, with the number and name of its call.
    pub(super) fn result(seen: &Value, call: Option<(usize, String)>) -> Self {
        let (number, name) = call.map_or((String::new(), String::new()), |(number, name)| (format!("{number} "), name));
        if let Some(reprompt) = seen.get("repromptResponse") {
            let mark = format!("\u{21ba} {number}");
            let message = plainly(text(reprompt, "text"));
            return Self::new(Kind::Failure, mark, format!("{name}: {message}").trim_start_matches(": "));
        }
        let mark = format!("\u{2190} {number}");
        let output = ["actionGroupInvocationOutput", "agentCollaboratorInvocationOutput"];
        let Some(output) = output.iter().find_map(|member| seen.get(member)) else {
            return Self::new(Kind::Result, mark, text(seen, "type"));
        };
        let message = match output.get("output") {
            Some(_) if waits_for_caller(seen) => "waits for the caller".to_owned(),
            Some(message) => text(message, "text").to_owned(),
            None => plainly(text(output, "text")),
        };
        let name = if name.is_empty() { text(output, "agentCollaboratorName").to_owned() } else { name };
        let took = took(output).map(|ms| format!(" {ms}")).unwrap_or_default();
        Self::new(Kind::Result, mark, format!("{name}{took}: {message}").trim_start_matches(": "))
    }

    pub(super) fn answer(seen: &Value) -> Self {
        let message = seen.pointer("/finalResponse/text").and_then(Value::as_str).unwrap_or_default();
        Self::new(Kind::Answer, "= ", message)
    }

    pub(super) fn failure(failure: &Value) -> Self {
        let reason = text(failure, "failureReason");
        Self::new(Kind::Failure, "\u{2717} ", if reason.is_empty() { "failed" } else { reason })
    }

    /// `None` if the guardrail has changed nothing.
    pub(super) fn guardrail(guardrail: &Value) -> Option<Self> {
        let action = text(guardrail, "action");
        (action != "NONE").then(|| Self::new(Kind::Failure, "", format!("guardrail: {}", action.to_lowercase())))
    }
}

/// The agent of a part: its collaborator name, or its id.
pub(super) fn agent(part: &Value) -> &str {
    match text(part, "collaboratorName") {
        "" => text(part, "agentId"),
        name => name,
    }
}

/// The name of the called function, operation or collaborator.
pub(super) fn name(input: &Value) -> String {
    if let Some(action) = input.get("actionGroupInvocationInput") {
        let function = text(action, "function");
        return if function.is_empty() { text(action, "apiPath").trim_start_matches('/') } else { function }.to_owned();
    }
    match input.get("agentCollaboratorInvocationInput") {
        Some(asked) => text(asked, "agentCollaboratorName").to_owned(),
        None => text(input, "invocationType").to_lowercase(),
    }
}

/// Whether a call passes the caller's answer on to an agent that asked for it.
pub(super) fn is_resumed(input: &Value) -> bool {
    input.pointer("/agentCollaboratorInvocationInput/input/returnControlResults").is_some()
}

/// Whether a collaborator has no result yet, since it waits for the caller's answer to a question.
pub(super) fn waits_for_caller(seen: &Value) -> bool {
    seen.pointer("/agentCollaboratorInvocationOutput/output/returnControlPayload").is_some()
}

/// Whether a result can belong to a call: the result of a collaborator has its name.
pub(super) fn fits(seen: &Value, name: &str) -> bool {
    seen.get("agentCollaboratorInvocationOutput").is_none_or(|output| text(output, "agentCollaboratorName") == name)
}

/// The time of an event in seconds; AWS writes RFC 3339, and may write seconds.
pub(super) fn seconds(time: &Value) -> Option<f64> {
    match time {
        Value::String(text) => DateTime::from_str(text, DateTimeFormat::DateTime).ok().map(|time| time.as_secs_f64()),
        other => other.as_f64(),
    }
}

/// A tool's reply. An error is written for a model, as JSON; a person reads its kind, and what is wrong with which field.
fn plainly(reply: &str) -> String {
    let body: Option<Value> = serde_json::from_str(reply).ok();
    let Some(error) = body.as_ref().and_then(|body| body.get("error")) else { return reply.to_owned() };
    let problems = error.get("problems").and_then(Value::as_array).into_iter().flatten();
    let problems: Vec<String> = problems
        .map(|problem| {
            let field = |name: &str| text(problem, name);
            format!("{}: expected {}, got {}", field("path"), field("expected"), field("got"))
        })
        .collect();
    match (text(error, "kind"), problems.is_empty()) {
        ("", _) => reply.to_owned(),
        (kind, true) => format!("{kind}: {}", text(error, "message")),
        (kind, false) => format!("{kind}: {}", problems.join("; ")),
    }
}

fn arguments(action: &Value) -> String {
    let listed = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let bodies = action.pointer("/requestBody/content").and_then(Value::as_object);
    let in_body = bodies.into_iter().flat_map(|content| content.values()).flat_map(|media| listed(Some(media)));
    let all = listed(action.get("parameters")).into_iter().chain(in_body);
    let one = |argument: Value| format!("{}={}", text(&argument, "name"), text(&argument, "value"));
    all.map(one).collect::<Vec<_>>().join(", ")
}

fn took(fields: &Value) -> Option<String> {
    let ms = fields.pointer("/metadata/totalTimeMs").and_then(Value::as_u64)?;
    Some(format!("{} ms", grouped(ms)))
}

fn text<'v>(fields: &'v Value, name: &str) -> &'v str {
    fields.get(name).and_then(Value::as_str).unwrap_or_default()
}
