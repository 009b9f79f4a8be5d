//! Bedrock Agents on a laptop: `InvokeAgent` over the template's agents, with a model of one's choice.
//!
//! ```text
//! http ── request ──▶ session ──▶ turn ──▶ seat (one agent's loop) ──▶ model
//!                        ▲         │         │ calls of one model turn, side by side
//!  frames ◀── sink ◀─────┼─────────┘         ├──▶ action: event → function → envelope
//!                     confirm ◀──────────────┤    (a person is asked first where the tool says so)
//!                                            └──▶ seat of a collaborator
//! ```
//!
//! What the platform leaves open is decided here so:
//! - Session attributes of a request are merged into the session's; those that a function returns replace them.
//! - New input on a session that waits for a confirmation drops the question: the action is not run, and the model
//!   of the next turn sees that.
//! - A caller who hangs up does not stop a turn, since its tools have effects.

mod action;
mod arguments;
mod calls;
mod confirm;
mod envelope;
mod error;
mod frames;
mod http;
mod invoke;
mod openapi;
mod prompt;
mod request;
mod seat;
mod session;
mod sink;
mod tools;
mod trace;
mod turn;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde_json::{Value, json};

pub use http::routes;
pub use invoke::{Invoke, InvokeFailure, LambdaReply};
pub(crate) use openapi::operations;
use session::Sessions;
use tools::Toolbox;

use crate::{
    models::Models,
    template::{AgentSpec, Template},
};

/// How the result of a call begins that a person did not allow. A scripted model knows it by this.
pub(crate) const DECLINED: &str = "The person declined";

/// Where this platform pretends to be.
const REGION: &str = "us-east-1";
const ACCOUNT: &str = "123456789012";

/// Model turns that one agent may take for one input.
const ITERATIONS: u32 = 20;

/// The agents of a template, ready to be invoked.
#[derive(Debug)]
pub struct Agents {
    agents: BTreeMap<String, Agent>,
    sessions: Sessions,
    invoke: Arc<dyn Invoke>,
    models: Models,
    iterations: u32,
}

/// One agent with its tools.
#[derive(Debug)]
pub(crate) struct Agent {
    pub(crate) spec: AgentSpec,
    pub(crate) tools: Toolbox,
}

/// The agents of a template cannot be served.
#[derive(Debug, thiserror::Error)]
#[error("the agents of the template have mistakes:\n  {}", problems.join("\n  "))]
pub struct AgentsError {
    /// All mistakes.
    pub problems: Vec<String>,
}

impl Agents {
    /// The agents of a template, over functions and a model.
    ///
    /// # Errors
    /// [`AgentsError`] when an OpenAPI document cannot be used, or a collaborator is not in the template.
    pub fn new(template: &Template, invoke: Arc<dyn Invoke>, models: Models) -> Result<Arc<Self>, AgentsError> {
        Self::with_iterations(template, invoke, models, ITERATIONS)
    }

    /// [`Agents::new`] with another limit on the model turns that one agent may take for one input.
    ///
    /// # Errors
    /// As [`Agents::new`].
    pub fn with_iterations(
        template: &Template,
        invoke: Arc<dyn Invoke>,
        models: Models,
        iterations: u32,
    ) -> Result<Arc<Self>, AgentsError> {
        let mut problems = Vec::new();
        for agent in &template.agents {
            for collaborator in &agent.collaborators {
                if !template.agents.iter().any(|other| other.id == collaborator.agent_id) {
                    problems.push(format!(
                        "agent `{}`: its collaborator `{}` is not in the template",
                        agent.id, collaborator.name
                    ));
                }
            }
        }
        let agents = template
            .agents
            .iter()
            .map(|spec| (spec.id.clone(), Agent { spec: spec.clone(), tools: Toolbox::of(spec, &mut problems) }))
            .collect();
        if !problems.is_empty() {
            return Err(AgentsError { problems });
        }
        Ok(Arc::new(Self { agents, sessions: Sessions::default(), invoke, models, iterations }))
    }

    /// The agents, their aliases and tools, and the model, for reports and consoles.
    #[must_use]
    pub fn report(&self) -> Value {
        let model = self.models.model();
        let agents: Vec<Value> = self
            .agents
            .values()
            .map(|agent| {
                let tools: Vec<&str> = agent.tools.specs.iter().map(|tool| tool.name.as_str()).collect();
                json!({
                    "agentId": agent.spec.id,
                    "agentName": agent.spec.name,
                    "aliases": agent.spec.aliases,
                    "model": model.label(&agent.spec.foundation_model),
                    "scripted": model.is_scripted(),
                    "tools": tools,
                })
            })
            .collect();
        Value::Array(agents)
    }

    pub(crate) fn agent(&self, id: &str) -> Option<&Agent> {
        self.agents.get(id)
    }
}

impl Agent {
    /// The alias under which a supervisor reaches this agent: one of the template's, if it has any.
    pub(crate) fn own_alias(&self) -> &str {
        let named = self.spec.aliases.iter().find(|alias| *alias != TEST_ALIAS);
        named.map_or(TEST_ALIAS, String::as_str)
    }
}

/// The alias that every agent has, and that stands for its draft.
const TEST_ALIAS: &str = "TSTALIASID";

fn alias_arn(agent: &str, alias: &str) -> String {
    format!("arn:aws:bedrock:{REGION}:{ACCOUNT}:agent-alias/{agent}/{alias}")
}

fn function_arn(function: &str) -> String {
    format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{function}")
}

/// What an alias points at: the draft, or the one version that a laptop has.
fn version_of(alias: &str) -> &'static str {
    if alias == TEST_ALIAS { "DRAFT" } else { "1" }
}

/// A lock whose holder panicked is still good: no state is left half changed under any lock of this module.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
