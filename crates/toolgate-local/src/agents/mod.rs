//! Bedrock Agents on a laptop: `InvokeAgent` over the template's agents, with a model of one's choice.
//!
//! ```text
//! http ── request ──▶ session ──▶ turn ──▶ run (one agent's loop) ──▶ model
//!                        ▲         │         │ calls of one model turn, side by side
//!  frames ◀── sink ◀─────┼─────────┘         ├──▶ action: event → function → envelope
//!                     confirm ◀──────────────┤    (a person is asked first where the tool says so)
//!                                            └──▶ run of a collaborator
//! ```
//!
//! What the platform leaves open is decided here so:
//! - Session attributes of a request are merged into the session's; those that a function returns replace them.
//! - New input on a session that waits for a confirmation drops the question: the action is not run, and the model
//!   of the next turn sees that.
//! - A caller who hangs up does not stop a turn, since its tools have effects.

mod action;
mod agent_loop;
mod agent_run;
mod arguments;
mod attributes;
mod calls;
mod confirm;
mod control;
mod envelope;
mod error;
mod frames;
mod history;
mod http;
mod invoke;
mod limits;
mod memory;
mod openapi;
mod operations;
mod outcome;
mod pieces;
mod prompt;
mod prompt_override;
mod request;
mod response;
mod return_control;
mod route;
mod service_model;
mod session;
mod shapes;
mod sink;
mod span;
mod streaming;
mod tools;
mod trace;
mod turn;
mod window;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use serde_json::{Value, json};

use error::{AgentError, Kind};
pub use http::routes;
pub use invoke::{Invoke, InvokeFailure, LambdaReply};
pub use limits::Limits;
pub(crate) use openapi::operations;
use service_model::Problems;
use session::Sessions;
use tools::Toolbox;
use turn::Waiting;

use toolgate_models::Models;
use toolgate_template::{ACCOUNT, AgentSpec, REGION, Template};

/// The agents of a template, ready to be invoked.
#[derive(Debug)]
pub struct Agents {
    agents: BTreeMap<String, Agent>,
    sessions: Sessions<Waiting>,
    invoke: Arc<dyn Invoke>,
    models: Models,
    limits: Limits,
    /// When the agents came to be, for the control plane.
    started: Timestamp,
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
        Self::with_limits(template, invoke, models, Limits::default())
    }

    /// [`Agents::new`] with other limits.
    ///
    /// # Errors
    /// As [`Agents::new`].
    pub fn with_limits(
        template: &Template,
        invoke: Arc<dyn Invoke>,
        models: Models,
        limits: Limits,
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
        let started = Timestamp::now();
        Ok(Arc::new(Self { agents, sessions: Sessions::default(), invoke, models, limits, started }))
    }

    /// The agents, their aliases and tools, and the model, for reports and consoles.
    #[must_use]
    pub fn report(&self) -> Value {
        let agents: Vec<Value> = self
            .agents
            .values()
            .map(|agent| {
                let model = self.models.of(&agent.spec.id);
                let tools: Vec<&str> = agent.tools.specs.iter().map(|tool| tool.name.as_str()).collect();
                json!({
                    "agentId": agent.spec.id,
                    "agentName": agent.spec.name,
                    "aliases": agent.spec.aliases,
                    "collaborators": agent.spec.collaborators.iter().map(|other| &other.agent_id).collect::<Vec<_>>(),
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

    /// An agent by the alias that a caller names.
    pub(crate) fn find(&self, id: &str, alias: &str) -> Result<&Agent, AgentError> {
        let unknown = |field: &str, id: &str| {
            let message = format!("there is no such {field}: `{id}`; `GET /agents` lists what there is");
            AgentError::new(Kind::ResourceNotFound, message)
        };
        let agent = self.agent(id).ok_or_else(|| unknown("agentId", id))?;
        if agent.has_alias(alias) { Ok(agent) } else { Err(unknown("agentAliasId", alias)) }
    }

    /// Holds ids to the service's pattern, but for those of the template: its names may be longer than real ids are.
    pub(crate) fn check_ids(&self, id: &str, alias: &str, problems: &mut Problems) {
        let agent = self.agent(id);
        if agent.is_none() {
            problems.check_text("agentId", id, &shapes::ID);
        }
        if !agent.is_some_and(|agent| agent.has_alias(alias)) {
            problems.check_text("agentAliasId", alias, &shapes::ID);
        }
    }
}

impl Agent {
    fn has_alias(&self, alias: &str) -> bool {
        alias == TEST_ALIAS || self.spec.aliases.iter().any(|known| known == alias)
    }

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

/// What an alias points at: the draft, or the one version that a laptop has.
fn version_of(alias: &str) -> &'static str {
    if alias == TEST_ALIAS { "DRAFT" } else { "1" }
}

/// A lock whose holder panicked is still good: no state is left half changed under any lock of this module.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
