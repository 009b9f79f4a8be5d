//! AgentCore's harness on a laptop: `InvokeHarness` over the template's harnesses, with a configurable model.
//!
//! ```text
//! http ── request ──▶ session ──▶ invocation (the loop of the agents) ──▶ model
//!                                  │ calls of one model turn, in parallel
//!          events ◀────────────────┤──▶ gateway, in this process: interceptors, policies, function
//!                                  ├──▶ MCP servers by URL
//!                                  └──▶ inline functions: the caller runs them, and sends the result
//! hooks decide before and after the invocation, and before and after each call
//! ```
//!
//! Decisions where the service leaves the behaviour open:
//! - New input on a session that waits for the result of an inline function drops the call. The model gets an error as
//!   its result.
//! - One invocation runs at a time in a session. Another one is refused with a `ValidationException` (`ResourceConflict`).
//! - A caller that disconnects does not stop an invocation, because its tools have effects.
//! - `maxTokens` limits the output tokens of an invocation, not those of one model turn.

mod allowed;
mod control;
mod error;
mod events;
mod guarded;
mod hooks;
mod http;
mod inline;
mod invocation;
mod recorded;
mod recorded_call;
mod remote_mcp;
mod request;
mod response;
mod shapes;
mod toolset;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) use http::routes;
use inline::OpenCalls;

use crate::{
    conversation::Sessions,
    gateway::Gateway,
    guardrail::Guardrails,
    lambda::{Functions, StartError},
};
use toolgate_models::Models;
use toolgate_template::{HarnessSpec, HarnessToolKind, HookTarget};

/// The harnesses of a template, ready to be invoked.
#[derive(Debug)]
pub(crate) struct Harnesses {
    specs: Vec<HarnessSpec>,
    sessions: Sessions<OpenCalls>,
    models: Models,
    gateway: Option<Arc<Gateway>>,
    guardrails: Arc<Guardrails>,
    /// The functions of the hooks.
    hooks: Functions,
    context_characters: usize,
    /// Creation time of the harnesses, for the control plane.
    started: Timestamp,
}

impl Harnesses {
    pub(crate) fn new(
        specs: Vec<HarnessSpec>,
        models: Models,
        gateway: Option<Arc<Gateway>>,
        guardrails: Arc<Guardrails>,
        hooks: Functions,
        context_characters: usize,
    ) -> Arc<Self> {
        let (sessions, started) = (Sessions::default(), Timestamp::now());
        Arc::new(Self { specs, sessions, models, gateway, guardrails, hooks, context_characters, started })
    }

    /// Starts one instance of each hook.
    ///
    /// # Errors
    /// [`StartError`] of the first hook that does not start.
    pub(crate) async fn warm_up(&self) -> Result<(), StartError> {
        self.hooks.warm_up().await
    }

    /// Stops the hooks.
    pub(crate) async fn stop(&self) {
        self.hooks.stop().await;
    }

    /// The harness with this ARN. Its id and its logical id are accepted too.
    fn find(&self, name: &str) -> Option<&HarnessSpec> {
        self.specs.iter().find(|spec| [&spec.arn, &spec.harness_id, &spec.id].contains(&&name.to_owned()))
    }

    /// The harnesses in the `/health` response.
    pub(crate) fn report(&self) -> Vec<Value> {
        let report = |spec: &HarnessSpec| {
            let model = self.models.of(&spec.id);
            let hooks: Vec<&str> = spec.hooks.iter().map(|hook| hook.name.as_str()).collect();
            let entries: Vec<&str> = spec.tools.iter().map(|tool| tool.name.as_str()).collect();
            json!({
                "id": spec.id,
                "name": spec.name,
                "arn": spec.arn,
                "endpoints": spec.endpoints,
                "entries": entries,
                "hooks": hooks,
                "model": model.label(&spec.model),
                "scripted": model.is_scripted(),
                "guardrail": spec.guardrail,
            })
        };
        self.specs.iter().map(report).collect()
    }
}

/// What a harness has on AWS and not on a laptop, one line for each.
pub(crate) fn not_served(spec: &HarnessSpec) -> Vec<String> {
    let mut lines = Vec::new();
    if allowed::wants_builtin(spec.allowed_tools.as_deref()) {
        lines.push("`AllowedTools` allows the built-in tools (a shell, files), which do not exist here".to_owned());
    }
    for tool in &spec.tools {
        if let HarnessToolKind::Other(kind) = &tool.kind {
            lines.push(format!("the tool `{}` of the type `{kind}` does not exist here", tool.name));
        }
    }
    for hook in &spec.hooks {
        let target = match hook.target {
            HookTarget::Lambda { .. } => continue,
            HookTarget::Sns => "SNS",
            HookTarget::EventBridge => "EventBridge",
        };
        lines.push(format!(
            "the events of the hook `{}` are not delivered here, because its target is {target}",
            hook.name
        ));
    }
    lines.extend(spec.not_run.iter().map(|property| format!("`{property}` has no effect here")));
    lines
}
