//! Bedrock Agents on a laptop: `InvokeAgent` over the template's agents, with a configurable model.
//!
//! ```text
//! http ── request ──▶ session ──▶ turn ──▶ run (one agent's loop) ──▶ model
//!                        ▲         │         │ calls of one model turn, in parallel
//!  frames ◀── sink ◀─────┼─────────┘         ├──▶ action: event → function → envelope
//!                     confirm ◀──────────────┤    (a person confirms first if the tool requires it)
//!                                            └──▶ run of a collaborator
//! ```
//!
//! Decisions where the platform leaves the behaviour open:
//! - Session attributes of a request are merged into the session's; attributes that a function returns replace them.
//! - New input on a session that waits for a confirmation drops the question: the action does not run, and the model of
//!   the next turn gets a note about it.
//! - A caller that disconnects does not stop a turn, because its tools have effects.

mod action;
mod agent_loop;
mod agent_run;
mod arguments;
mod attributes;
mod calls;
mod composed;
mod confirm;
mod control;
mod envelope;
mod error;
mod event;
mod frames;
mod guarded;
mod guardrail_api;
mod history;
mod http;
mod invoke;
mod limits;
mod lookup;
mod memory;
mod openapi;
mod operations;
mod pieces;
mod prompt;
mod prompt_override;
mod request;
mod response;
mod return_control;
mod route;
mod shapes;
mod sink;
mod span;
mod streaming;
mod tools;
mod trace;
mod turn;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) use composed::Composed;
use error::{AgentError, Kind};
pub(crate) use guardrail_api::routes as guardrail_routes;
pub use http::routes;
pub use invoke::{Invoke, InvokeFailure, LambdaReply};
pub use limits::Limits;
pub(crate) use openapi::operations;
use tools::Toolbox;
use turn::Waiting;

use request::SessionState;

use crate::{
    conversation::Sessions,
    guardrail::{Guardrail, Guardrails},
    http::service_model::Problems,
    knowledge::{KnowledgeBases, Search},
};
use toolgate_models::Models;
use toolgate_template::{ACCOUNT, AgentSpec, REGION, Template};

/// The agents of a template, ready to be invoked.
#[derive(Debug)]
pub struct Agents {
    agents: BTreeMap<String, Agent>,
    guardrails: Arc<Guardrails>,
    pub(crate) knowledge: Arc<KnowledgeBases>,
    sessions: Sessions<Waiting>,
    invoke: Arc<dyn Invoke>,
    models: Models,
    limits: Limits,
    /// Creation time of the agents, for the control plane.
    started: Timestamp,
}

/// One agent with its tools.
#[derive(Debug)]
pub(crate) struct Agent {
    pub(crate) spec: AgentSpec,
    pub(crate) tools: Toolbox,
}

/// Why the agents of a template cannot be served.
#[derive(Debug, thiserror::Error)]
#[error("the agents of the template have mistakes:\n  {}", problems.join("\n  "))]
pub struct AgentsError {
    /// All problems.
    pub problems: Vec<String>,
}

impl Agents {
    /// Creates the agents of a template over functions and a model.
    ///
    /// # Errors
    /// [`AgentsError`] if an OpenAPI document is not valid, a collaborator is not in the template, or a document of a
    /// knowledge base cannot be read.
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
        let knowledge = KnowledgeBases::open(&template.knowledge_bases);
        let knowledge = knowledge.map_err(|error| AgentsError { problems: error.problems })?;
        Self::with_parts(template, invoke, models, limits, knowledge, Arc::new(Guardrails::of(template)))
    }

    /// [`Agents::with_limits`] over knowledge bases and guardrails that are ready.
    pub(crate) fn with_parts(
        template: &Template,
        invoke: Arc<dyn Invoke>,
        models: Models,
        limits: Limits,
        knowledge: Arc<KnowledgeBases>,
        guardrails: Arc<Guardrails>,
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
            .map(|spec| {
                let tools = Toolbox::of(spec, &knowledge, &mut problems);
                (spec.id.clone(), Agent { spec: spec.clone(), tools })
            })
            .collect();
        if !problems.is_empty() {
            return Err(AgentsError { problems });
        }
        let started = Timestamp::now();
        let sessions = Sessions::default();
        Ok(Arc::new(Self { agents, guardrails, knowledge, sessions, invoke, models, limits, started }))
    }

    /// The agents, their aliases and tools, and the model, for reports and consoles.
    #[must_use]
    pub fn report(&self) -> Value {
        self.agents
            .values()
            .map(|agent| {
                let model = self.models.of(&agent.spec.id);
                let tools: Vec<&str> = agent.tools.specs.iter().map(|tool| tool.name.as_str()).collect();
                let mut report = json!({
                    "agentId": agent.spec.id,
                    "agentName": agent.spec.name,
                    "aliases": agent.spec.aliases,
                    "collaborators": agent.spec.collaborators.iter().map(|other| &other.agent_id).collect::<Vec<_>>(),
                    "model": model.label(&agent.spec.foundation_model),
                    "scripted": model.is_scripted(),
                    "tools": tools,
                });
                if let Some(id) = &agent.spec.guardrail {
                    trace::put(&mut report, "guardrail", id.as_str());
                }
                if let Some(guardrail) = self.guardrail_of(agent) {
                    trace::put(&mut report, "guardrailNotEvaluated", json!(guardrail.not_evaluated));
                }
                report
            })
            .collect()
    }

    /// The guardrail of an agent, if it is in the template.
    pub(crate) fn guardrail_of(&self, agent: &Agent) -> Option<&Guardrail> {
        self.guardrails.get(agent.spec.guardrail.as_ref()?)
    }

    /// The knowledge bases that agents name and the template does not have, one line for each.
    pub(crate) fn not_searched(&self) -> Vec<String> {
        let bases = self.agents.values().flat_map(|agent| &agent.spec.knowledge_bases);
        let elsewhere: BTreeSet<&String> =
            bases.map(|base| &base.id).filter(|id| self.knowledge.find(id).is_none()).collect();
        let elsewhere = elsewhere.into_iter().map(|id| {
            format!("warning: the knowledge base `{id}` is not in the template, so no agent searches it here")
        });
        elsewhere.collect()
    }

    /// How the caller wants the knowledge bases to be searched, by their ids.
    pub(crate) fn searches(&self, state: Option<&SessionState>) -> Result<BTreeMap<String, Search>, AgentError> {
        let given = state.and_then(|state| state.knowledge_base_configurations.as_ref()).into_iter().flatten();
        let searches = given.map(|given| {
            let id = &given.knowledge_base_id;
            let base = self.knowledge.find(id).ok_or_else(|| {
                // Without its filter a search would find too much, so a configuration is never ignored.
                AgentError::invalid("`knowledgeBaseConfigurations` names a knowledge base that is not in the template")
            })?;
            let search = Search::read(&given.retrieval_configuration, &base.spec.store);
            Ok((base.spec.id.clone(), search.map_err(|error| AgentError::invalid(error.to_string()))?))
        });
        searches.collect()
    }

    pub(crate) fn agent(&self, id: &str) -> Option<&Agent> {
        self.agents.get(id)
    }

    /// Finds an agent by the alias in the request.
    pub(crate) fn find(&self, id: &str, alias: &str) -> Result<&Agent, AgentError> {
        let unknown = |field: &str, id: &str| {
            let message = format!("there is no such {field}: `{id}`; `GET /agents` lists the existing ones");
            AgentError::new(Kind::ResourceNotFound, message)
        };
        let agent = self.agent(id).ok_or_else(|| unknown("agentId", id))?;
        if agent.has_alias(alias) { Ok(agent) } else { Err(unknown("agentAliasId", alias)) }
    }

    /// Validates ids against the service's pattern. Ids of the template are exempt, because they may be longer than
    /// real ids.
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

    /// The alias under which a supervisor invokes this agent: an alias of the template if the agent has one.
    pub(crate) fn own_alias(&self) -> &str {
        let named = self.spec.aliases.iter().find(|alias| *alias != TEST_ALIAS);
        named.map_or(TEST_ALIAS, String::as_str)
    }
}

/// The alias that every agent has. It points to the draft.
const TEST_ALIAS: &str = "TSTALIASID";

fn alias_arn(agent: &str, alias: &str) -> String {
    format!("arn:aws:bedrock:{REGION}:{ACCOUNT}:agent-alias/{agent}/{alias}")
}

/// The version that an alias points to: the draft, or the only version on a laptop.
fn version_of(alias: &str) -> &'static str {
    if alias == TEST_ALIAS { "DRAFT" } else { "1" }
}
