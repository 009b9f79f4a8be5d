//! One agent that processes one input: its identity, its caller, and the target of its answer.

use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use toolgate_models::Model;
use uuid::Uuid;

use super::{Agent, alias_arn, attributes::Attributes, turn::Turn};
use crate::sync::lock;

/// One agent's part in a turn.
#[derive(Debug)]
pub(crate) struct AgentRun<'a> {
    pub(crate) turn: &'a Arc<Turn>,
    pub(crate) agent: &'a Agent,
    pub(crate) alias: String,
    /// The path of agents to this one. It is the key of the agent's history.
    pub(crate) path: String,
    /// The same path as alias ARNs.
    pub(crate) chain: Vec<String>,
    /// The name that the supervisor uses for it.
    pub(crate) name: Option<String>,
    pub(crate) parent: Option<&'a AgentRun<'a>>,
    /// The input of this agent.
    input: String,
    /// The input with placeholders, if the guardrail has masked it.
    pub(crate) masked_input: OnceLock<String>,
    /// The supervisor's conversation as text, if it is relayed.
    pub(crate) relayed: String,
    /// For this turn only. The invoked agent uses the turn's attributes; a collaborator has its own.
    own_prompt_attributes: Mutex<Attributes>,
    /// Set while a router's first model turn is pending. That turn decides which agent answers.
    pub(crate) routing: AtomicBool,
    run: Uuid,
    pub(crate) steps: AtomicU32,
}

impl<'a> AgentRun<'a> {
    /// The run of the agent that the caller invoked.
    pub(crate) fn root(turn: &'a Arc<Turn>, agent: &'a Agent, alias: String, input: String) -> Self {
        Self {
            turn,
            agent,
            path: agent.spec.id.clone(),
            chain: vec![alias_arn(&agent.spec.id, &alias)],
            alias,
            name: None,
            parent: None,
            input,
            masked_input: OnceLock::new(),
            relayed: String::new(),
            own_prompt_attributes: Mutex::default(),
            routing: AtomicBool::new(agent.spec.routes),
            run: Uuid::new_v4(),
            steps: AtomicU32::new(0),
        }
    }

    /// The run of a collaborator that this agent calls.
    pub(crate) fn collaborator<'b>(
        &'b self,
        agent: &'b Agent,
        name: &str,
        input: String,
        relayed: String,
    ) -> AgentRun<'b> {
        // The turn's attributes are for the invoked agent and are not passed on.
        let root = AgentRun::root(self.turn, agent, agent.own_alias().to_owned(), input);
        let chain = self.chain.iter().chain(&root.chain).cloned().collect();
        let path = format!("{}/{name}", self.path);
        AgentRun { path, chain, name: Some(name.to_owned()), parent: Some(self), relayed, ..root }
    }

    /// The input, as the guardrail has left it.
    pub(crate) fn input(&self) -> &str {
        self.masked_input.get().unwrap_or(&self.input)
    }

    pub(crate) fn model(&self) -> &dyn Model {
        self.turn.agents.models.of(&self.agent.spec.id)
    }

    pub(crate) fn prompt_attributes(&self) -> MutexGuard<'_, Attributes> {
        lock(if self.parent.is_none() { &self.turn.prompt_attributes } else { &self.own_prompt_attributes })
    }

    /// One id for all events of one model turn.
    pub(crate) fn trace_id(&self) -> String {
        format!("{}-{}", self.run, self.steps.load(Ordering::Relaxed))
    }
}
