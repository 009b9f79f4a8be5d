//! Selects the model of each agent from the values of `--model`.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    bedrock::BedrockModel, conversation::Conversation, model::Model, openai, openai::OpenAiModel, script,
    script::ScriptModel,
};

/// The forms of a model choice, for errors.
const KINDS: &str = "`script:<scenario file>`, `bedrock:` (each agent's own model of the template), `bedrock:<model id>` or \
     `openai:<base url>#<model>`, or `none` to serve no agents";

/// The models of the agents: one for all agents, and others for some of them.
#[derive(Debug, Clone)]
pub struct Models {
    common: Arc<dyn Model>,
    own: BTreeMap<String, Arc<dyn Model>>,
}

impl Models {
    /// Creates a model from a choice: `script:<file>`, `bedrock:` or `bedrock:template`, `bedrock:<model id>`, or
    /// `openai:<base url>#<model>`.
    ///
    /// # Errors
    /// [`ModelChoiceError`] if the kind is unknown, or the scenario file or the address is not valid.
    pub async fn open(choice: &str) -> Result<Self, ModelChoiceError> {
        open(choice).await.map(Self::custom)
    }

    /// Creates models from several choices: one for all agents, and `<agent>=<choice>` for single ones.
    ///
    /// # Errors
    /// As [`Models::open`], and if an agent is not among `agents`, or two choices are for the same agents.
    pub async fn open_all(choices: &[String], agents: &[&str]) -> Result<Self, ModelChoiceError> {
        let mut common = None;
        let mut own: BTreeMap<String, Arc<dyn Model>> = BTreeMap::new();
        for choice in choices {
            let Some((agent, choice)) = for_one_agent(choice) else {
                if common.replace(open(choice).await?).is_some() {
                    return Err(ModelChoiceError::Twice("all agents".to_owned()));
                }
                continue;
            };
            if !agents.contains(&agent) {
                return Err(ModelChoiceError::NoAgent { agent: agent.to_owned(), agents: agents.join(", ") });
            }
            if own.insert(agent.to_owned(), open(choice).await?).is_some() {
                return Err(ModelChoiceError::Twice(format!("agent `{agent}`")));
            }
        }
        match common
            .or_else(|| agents.iter().all(|agent| own.contains_key(*agent)).then(|| own.values().next().cloned())?)
        {
            Some(common) => Ok(Self { common, own }),
            None => {
                let without: Vec<&str> = agents.iter().copied().filter(|agent| !own.contains_key(*agent)).collect();
                Err(ModelChoiceError::NotAll(without.join(", ")))
            }
        }
    }

    /// The scripted model of a scenario file.
    ///
    /// # Errors
    /// [`ModelChoiceError::Scenario`] if the file cannot be read or is not valid.
    pub fn script(file: &Path) -> Result<Self, ModelChoiceError> {
        scripted(file).map(Self::custom)
    }

    /// A custom model.
    #[must_use]
    pub fn custom(model: Arc<dyn Model>) -> Self {
        Self { common: model, own: BTreeMap::new() }
    }

    /// Sets another model for one agent.
    #[must_use]
    pub fn with(mut self, agent: impl Into<String>, model: Arc<dyn Model>) -> Self {
        self.own.insert(agent.into(), model);
        self
    }

    /// Checks that every model has what it needs, before the first call.
    ///
    /// # Errors
    /// [`ModelChoiceError::NotReady`] of the first model that lacks something.
    pub async fn check(&self) -> Result<(), ModelChoiceError> {
        for model in std::iter::once(&self.common).chain(self.own.values()) {
            model.check().await.map_err(ModelChoiceError::NotReady)?;
        }
        Ok(())
    }

    /// Conversations that the scripted models are known to answer.
    #[must_use]
    pub fn examples(&self) -> Vec<&Conversation> {
        std::iter::once(&self.common).chain(self.own.values()).flat_map(|model| model.examples()).collect()
    }

    /// The model of an agent.
    #[must_use]
    pub fn of(&self, agent: &str) -> &dyn Model {
        self.own.get(agent).unwrap_or(&self.common).as_ref()
    }
}

/// Whether a choice is for one agent only, so that the others still need one.
pub fn is_for_one_agent(choice: &str) -> bool {
    for_one_agent(choice).is_some()
}

/// `Orders=bedrock:…` → `Orders`, `bedrock:…`. A `=` after the first `:` belongs to a path or an address.
fn for_one_agent(choice: &str) -> Option<(&str, &str)> {
    let (agent, rest) = choice.split_once('=')?;
    (!agent.contains(':')).then_some((agent.trim(), rest.trim()))
}

async fn open(choice: &str) -> Result<Arc<dyn Model>, ModelChoiceError> {
    match choice.split_once(':') {
        Some(("script", file)) if !file.is_empty() => scripted(&PathBuf::from(file)),
        Some(("bedrock", "template")) => Ok(Arc::new(BedrockModel::from_env("").await)),
        Some(("bedrock", id)) => Ok(Arc::new(BedrockModel::from_env(id).await)),
        Some(("openai", address)) => Ok(Arc::new(OpenAiModel::from_env(address)?)),
        _ => Err(ModelChoiceError::Unknown(choice.to_owned())),
    }
}

fn scripted(file: &Path) -> Result<Arc<dyn Model>, ModelChoiceError> {
    let scenario = script::Scenario::read(file)?;
    Ok(Arc::new(ScriptModel::new(scenario, format!("script:{}", file.display()))))
}

/// Why a model choice is not valid.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelChoiceError {
    /// The kind of the choice is unknown.
    #[error("`{0}` is not a model: write {KINDS}, each with `<agent>=` in front for one agent only")]
    Unknown(String),
    /// The scenario file is not valid.
    #[error(transparent)]
    Scenario(#[from] script::ScenarioError),
    /// The address of a model server is not valid.
    #[error(transparent)]
    Address(#[from] openai::AddressError),
    /// A model lacks something that it needs. The text describes it.
    #[error("{0}")]
    NotReady(String),
    /// A choice is for an agent that does not exist.
    #[error("there is no agent `{agent}` to choose a model for; the agents are: {agents}")]
    NoAgent {
        /// The agent in the choice.
        agent: String,
        /// The existing agents.
        agents: String,
    },
    /// Two choices for the same agents.
    #[error("two models are chosen for {0}: leave one out")]
    Twice(String),
    /// Some agents have no model.
    #[error("these agents have no model: {0}; choose one for all with `--model` and no agent in front")]
    NotAll(String),
}
