//! One call of an action group's tool: sends the event and reads the function's reply.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Value, json};

use super::{
    agent_run::AgentRun,
    arguments::Arguments,
    attributes::{Attributes, apply_changes},
    envelope::{self, State},
    error::AgentError,
    invoke::{InvokeFailure, LambdaReply},
    tools::{Action, Wire},
    trace::put,
    version_of,
};
use crate::{conversation::Outcome, traces};
use toolgate_template::function_arn;

/// Pauses before a retry of an event that no instance has taken.
const PAUSES: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(250)];

/// Reply size for the warning. Older platforms may reject a larger reply, and it costs many model tokens.
const LARGE_REPLY: usize = 25_000;

impl AgentRun<'_> {
    /// Runs a call on its function.
    pub(crate) async fn run_action(&self, action: &Action, arguments: &Arguments) -> Result<Outcome, AgentError> {
        let function = action.function.as_deref().unwrap_or_default();
        let session = self.turn.session.attributes();
        let prompt = self.prompt_attributes().clone();
        let event = self.event(action, arguments, &session, &prompt);
        let arn = function_arn(function);
        let invoked = self.invoke(function, &action.tool, Bytes::from(event.to_string()));
        let has_failed = |reply: &Result<LambdaReply, InvokeFailure>| {
            reply.as_ref().map_or(true, |reply| reply.function_error.is_some())
        };
        let reply = traces::function((&action.tool, function), invoked, has_failed).await.map_err(|failure| {
            tracing::warn!(function, error = %failure, "the function could not be invoked");
            AgentError::lambda_failed(&arn, "Unhandled", failure.message)
        })?;
        if let Some(kind) = &reply.function_error {
            return Err(AgentError::lambda_failed(&arn, kind, error_text(&reply.payload)));
        }
        if reply.payload.len() > LARGE_REPLY {
            tracing::warn!(function, tool = %action.tool, bytes = reply.payload.len(), "a large reply");
        }
        let envelope = envelope::read(action, &reply.payload).map_err(|problem| {
            tracing::warn!(function, tool = %action.tool, problem, "the function's reply is malformed");
            AgentError::malformed_reply(&arn, format!("function `{function}`, tool `{}`: {problem}", action.tool))
        })?;
        if let Some(returned) = envelope.session_attributes {
            self.turn.session.change_attributes(|current| apply_changes(current, &session, returned));
        }
        if let Some(returned) = envelope.prompt_attributes {
            apply_changes(&mut self.prompt_attributes(), &prompt, returned);
        }
        match envelope.state {
            State::Success => Ok(Outcome::ok(envelope.text)),
            State::Error => Ok(Outcome::error(envelope.text)),
            State::Reprompt => Ok(Outcome { text: envelope.text, error: true, reprompt: true }),
            State::Failure => Err(AgentError::lambda_failed(
                &arn,
                "FAILURE",
                format!("tool `{}` replied FAILURE: {}", action.tool, envelope.text),
            )),
        }
    }

    /// Retries while no instance has taken the event. If a function was lost after it took the event, retries once, and
    /// only for a tool whose effect happens once. The effects of any other tool are unknown at that point, so such a
    /// call is never run again.
    async fn invoke(&self, function: &str, tool: &str, payload: Bytes) -> Result<LambdaReply, InvokeFailure> {
        let reply = self.deliver(function, payload.clone()).await?;
        if !lost(&reply) || !self.turn.agents.invoke.happens_once(function, tool) {
            return Ok(reply);
        }
        tracing::warn!(function, tool, "the function was lost; its tool's effect happens once, so the call is retried");
        self.deliver(function, payload).await
    }

    async fn deliver(&self, function: &str, payload: Bytes) -> Result<LambdaReply, InvokeFailure> {
        for pause in PAUSES {
            match self.deliver_once(function, payload.clone()).await {
                Err(failure) if failure.never_taken => tokio::time::sleep(pause).await,
                result => return result,
            }
        }
        self.deliver_once(function, payload).await
    }

    async fn deliver_once(&self, function: &str, payload: Bytes) -> Result<LambdaReply, InvokeFailure> {
        let limit = self.turn.agents.limits.call;
        let reply = self.turn.agents.invoke.invoke(function, payload);
        tokio::time::timeout(limit, reply).await.unwrap_or_else(|_| {
            let message = format!("no reply within {} s", limit.as_secs_f32());
            Err(InvokeFailure { message, never_taken: false })
        })
    }

    fn event(&self, action: &Action, arguments: &Arguments, session: &Attributes, prompt: &Attributes) -> Value {
        let mut event = json!({
            "messageVersion": "1.0",
            "agent": {
                "name": self.agent.spec.name,
                "id": self.agent.spec.id,
                "alias": self.alias,
                "version": version_of(&self.alias),
            },
            "inputText": self.input(),
            "sessionId": self.turn.session.id,
            "actionGroup": action.group,
        });
        match &action.wire {
            Wire::Function { .. } => put(&mut event, "function", action.tool.as_str()),
            Wire::Api(operation) => {
                put(&mut event, "apiPath", operation.path.as_str());
                put(&mut event, "httpMethod", operation.method.to_uppercase());
            }
        }
        put(&mut event, "parameters", arguments.parameters());
        if let Some(body) = arguments.request_body() {
            put(&mut event, "requestBody", body);
        }
        put(&mut event, "sessionAttributes", json!(session));
        put(&mut event, "promptSessionAttributes", json!(prompt));
        event
    }
}

/// The type and message of a function's own error, for the developer.
fn error_text(payload: &[u8]) -> String {
    let error: Value = serde_json::from_slice(payload).unwrap_or_default();
    let field = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or("unknown").to_owned();
    format!("{}: {}", field("errorType"), field("errorMessage"))
}

/// Whether the function took the event and ended before it replied, by Lambda's error types.
fn lost(reply: &LambdaReply) -> bool {
    let kind = || serde_json::from_slice::<Value>(&reply.payload).ok()?.get("errorType")?.as_str().map(str::to_owned);
    reply.function_error.is_some()
        && kind().is_some_and(|kind| ["Sandbox.Timedout", "Runtime.ExitError"].contains(&kind.as_str()))
}
