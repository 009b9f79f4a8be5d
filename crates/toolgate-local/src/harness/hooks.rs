//! Lifecycle hooks: functions that allow or deny an invocation and each call of a tool.
//!
//! All hooks of a moment are asked at the same time. If one denies, the moment is denied, with the reason of the first
//! one in the order of the template. A hook that fails, is late or returns something unreadable decides by its
//! `FailureMode`, which denies by default.
//!
//! <https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/harness-lifecycle-hooks.html>

use std::time::Duration;

use bytes::Bytes;
use futures_util::future::join_all;
use serde_json::{Map, Value, json};
use toolgate_models::Usage;
use toolgate_template::{HookMoment, HookSpec, HookTarget};
use uuid::Uuid;

use super::events::Output;
use crate::{
    conversation::{Outcome, ToolCall},
    lambda::{Event, Functions},
};

/// The longest context of an event, in bytes of JSON.
const CONTEXT_BYTES: usize = 64 * 1024;
/// The length of the beginning that is left of a member that is too long, in characters.
const PREVIEW: usize = 1024;
/// The longest reason, in characters. An answer with a longer one is not valid.
const REASON: usize = 1024;

/// The hooks of one invocation.
#[derive(Debug)]
pub(super) struct Hooks {
    pub(super) specs: Vec<HookSpec>,
    pub(super) functions: Functions,
    pub(super) harness_arn: String,
    pub(super) session: String,
}

/// A moment was denied, for this reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Denied(pub(super) String);

/// What one hook decided.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Verdict {
    allow: bool,
    reason: Option<String>,
}

impl Hooks {
    /// Before the invocation, with the messages of its request.
    pub(super) async fn before_invocation(&self, messages: &[Value], output: &Output) -> Result<(), Denied> {
        let context = json!({"messageCount": messages.len(), "messages": messages});
        self.ask(HookMoment::BeforeInvocation, context, output).await
    }

    pub(super) async fn before_tool_call(&self, call: &ToolCall, kind: &str, output: &Output) -> Result<(), Denied> {
        let context = json!({"toolName": call.name, "toolType": kind, "toolInput": call.input, "toolUseId": call.id});
        self.ask(HookMoment::BeforeToolCall, context, output).await
    }

    pub(super) async fn after_tool_call(
        &self,
        call: &ToolCall,
        kind: &str,
        outcome: &Outcome,
        output: &Output,
    ) -> Result<(), Denied> {
        let status = if outcome.error { "error" } else { "success" };
        let result = json!({"toolUseId": call.id, "status": status, "content": [{"text": outcome.text}]});
        let mut context = json!({"toolName": call.name, "toolType": kind, "toolResult": result, "toolUseId": call.id});
        if let (true, Some(context)) = (outcome.error, context.as_object_mut()) {
            context.insert("error".to_owned(), Value::from(outcome.text.as_str()));
        }
        self.ask(HookMoment::AfterToolCall, context, output).await
    }

    /// After the invocation. What hooks decide is shown and has no effect.
    pub(super) async fn after_invocation(&self, stop_reason: &str, usage: Usage, output: &Output) {
        let usage = json!({"inputTokens": usage.input_tokens, "outputTokens": usage.output_tokens});
        let context = json!({"stopReason": stop_reason, "usage": usage});
        drop(self.ask(HookMoment::AfterInvocation, context, output).await);
    }

    async fn ask(&self, moment: HookMoment, context: Value, output: &Output) -> Result<(), Denied> {
        let hooks = self.specs.iter().filter(|hook| hook.moment == moment);
        // Nothing is here that would deliver to the other targets.
        let hooks: Vec<&HookSpec> = hooks.filter(|hook| matches!(hook.target, HookTarget::Lambda { .. })).collect();
        if hooks.is_empty() {
            return Ok(());
        }
        let context = shortened(context);
        let verdicts = join_all(hooks.iter().map(|hook| self.ask_one(hook, &context, output))).await;
        match verdicts.into_iter().find(|verdict| !verdict.allow) {
            Some(denied) => Err(Denied(denied.reason.unwrap_or_else(|| "a hook denied it".to_owned()))),
            None => Ok(()),
        }
    }

    /// Asks one hook and shows its verdict.
    async fn ask_one(&self, hook: &HookSpec, context: &Value, output: &Output) -> Verdict {
        let (id, event) = (Uuid::new_v4().to_string(), name_of(hook.moment));
        let payload = json!({
            "hookEventId": id,
            "name": hook.name,
            "event": event,
            "harnessArn": self.harness_arn,
            "sessionId": self.session,
            "context": context,
        });
        let verdict = match &hook.target {
            HookTarget::Lambda { function, timeout, allow_on_failure } => {
                let answered = self.invoke(&function.logical_id, *timeout, &payload).await;
                answered.unwrap_or_else(|problem| {
                    let decision = if *allow_on_failure { "allowed" } else { "denied" };
                    tracing::warn!(hook = hook.name, event, "{decision}: {}", problem.detail);
                    Verdict { allow: *allow_on_failure, reason: Some(problem.reason.to_owned()) }
                })
            }
            HookTarget::Sns | HookTarget::EventBridge => Verdict { allow: true, reason: None },
        };
        let decision = if verdict.allow { "allow" } else { "deny" };
        let mut members = json!({"hookEventId": id, "name": hook.name, "type": event, "decision": decision});
        if let (Some(reason), Some(members)) = (&verdict.reason, members.as_object_mut()) {
            members.insert("reason".to_owned(), Value::from(reason.as_str()));
        }
        output.hook(members);
        verdict
    }

    async fn invoke(&self, function: &str, timeout: Duration, payload: &Value) -> Result<Verdict, NoAnswer> {
        let event = Event { payload: Bytes::from(payload.to_string()), ..Event::default() };
        // The function itself runs on, until its own timeout ends it.
        let Ok(invoked) = tokio::time::timeout(timeout, self.functions.run(function, event)).await else {
            let detail = format!("the hook did not answer within {} s", timeout.as_secs());
            return Err(NoAnswer { reason: "the hook timed out", detail });
        };
        let failed = |detail: String| NoAnswer { reason: "the hook failed", detail };
        let invocation = invoked.map_err(|error| failed(error.to_string()))?;
        if invocation.function_error.is_some() {
            return Err(failed(format!("the hook failed: {}", String::from_utf8_lossy(&invocation.payload))));
        }
        verdict(&invocation.payload).ok_or_else(|| NoAnswer {
            reason: "the answer of the hook is not valid",
            detail: format!(
                "the answer of the hook is not valid: {}",
                preview(&String::from_utf8_lossy(&invocation.payload))
            ),
        })
    }
}

/// A hook has not decided.
struct NoAnswer {
    /// For the caller and the model.
    reason: &'static str,
    /// For the log.
    detail: String,
}

fn name_of(moment: HookMoment) -> &'static str {
    match moment {
        HookMoment::BeforeInvocation => "before_invocation",
        HookMoment::BeforeToolCall => "before_tool_call",
        HookMoment::AfterToolCall => "after_tool_call",
        HookMoment::AfterInvocation => "after_invocation",
    }
}

/// Reads an answer: `{"decision": "allow" | "deny", "reason"?}`.
fn verdict(answer: &[u8]) -> Option<Verdict> {
    let answer: Map<String, Value> = serde_json::from_slice(answer).ok()?;
    let allow = match answer.get("decision")?.as_str()? {
        "allow" => true,
        "deny" => false,
        _ => return None,
    };
    let reason = match answer.get("reason") {
        None | Some(Value::Null) => None,
        Some(reason) => Some(reason.as_str().filter(|reason| reason.chars().count() <= REASON)?.to_owned()),
    };
    Some(Verdict { allow, reason })
}

fn preview(text: &str) -> String {
    text.chars().take(PREVIEW).collect()
}

/// Cuts a context to its limit: the oldest messages go, and of any other long member a preview stays.
fn shortened(mut context: Value) -> Value {
    let size = |value: &Value| value.to_string().len();
    let mut excess = size(&context).saturating_sub(CONTEXT_BYTES);
    let Some(members) = context.as_object_mut().filter(|_| excess > 0) else { return context };
    if let Some(messages) = members.get_mut("messages").and_then(Value::as_array_mut) {
        // `"truncated":true,` is in the context too.
        excess += 17;
        let mut dropped = 0;
        while excess > 0 && dropped < messages.len() {
            // With its comma.
            excess = excess.saturating_sub(messages.get(dropped).map(size).unwrap_or_default() + 1);
            dropped += 1;
        }
        messages.drain(..dropped);
        members.insert("truncated".to_owned(), Value::Bool(true));
        return context;
    }
    for name in ["toolInput", "toolResult", "error"] {
        if let Some(member) = members.get_mut(name).filter(|member| size(member) > PREVIEW) {
            let text = member.as_str().map_or_else(|| member.to_string(), str::to_owned);
            *member = json!({"truncated": true, "preview": preview(&text)});
        }
    }
    context
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_a_decision_and_perhaps_a_reason() {
        let read = |answer: &str| verdict(answer.as_bytes()).map(|it| (it.allow, it.reason));
        assert_eq!(read(r#"{"decision": "allow"}"#), Some((true, None)));
        assert_eq!(read(r#"{"decision": "deny", "reason": "no", "other": 1}"#), Some((false, Some("no".to_owned()))));
        assert_eq!(read(r#"{"decision": "allow", "reason": null}"#), Some((true, None)));
        let long = format!(r#"{{"decision": "allow", "reason": "{}"}}"#, "x".repeat(1025));
        for bad in ["", "null", "[]", "{}", r#"{"decision": "ALLOW"}"#, r#"{"decision": true}"#, &long] {
            assert_eq!(read(bad), None, "{bad}");
        }
        assert_eq!(read(r#"{"decision": "allow", "reason": 1}"#), None);
    }

    #[test]
    fn a_long_context_is_cut_to_its_limit() {
        let short = json!({"messageCount": 1, "messages": [{"a": 1}]});
        assert_eq!(shortened(short.clone()), short);
        let messages: Vec<Value> = (0..100).map(|number| json!({"number": number, "text": "x".repeat(1000)})).collect();
        let cut = shortened(json!({"messageCount": 100, "messages": messages}));
        assert!((63_000..=CONTEXT_BYTES).contains(&cut.to_string().len()), "{}", cut.to_string().len());
        assert_eq!((&cut["messageCount"], &cut["truncated"]), (&json!(100), &json!(true)));
        assert_eq!(cut["messages"].as_array().unwrap().last().unwrap()["number"], 99);
        let cut = shortened(json!({"messageCount": 1, "messages": ["x".repeat(CONTEXT_BYTES)]}));
        assert_eq!(cut, json!({"messageCount": 1, "messages": [], "truncated": true}));
        let cut =
            shortened(json!({"toolName": "a", "toolInput": {"text": "x".repeat(CONTEXT_BYTES)}, "toolUseId": "b"}));
        assert_eq!((&cut["toolName"], &cut["toolInput"]["truncated"]), (&json!("a"), &json!(true)));
        assert_eq!(cut["toolInput"]["preview"].as_str().unwrap().len(), PREVIEW);
    }
}
