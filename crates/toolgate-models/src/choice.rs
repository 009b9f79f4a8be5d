//! Which model each agent uses: `--model` in words.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{bedrock::BedrockModel, model::Model, openai, openai::OpenAiModel, script, script::ScriptModel};

/// How a model is chosen, for errors.
const KINDS: &str = "`script:<scenario file>`, `bedrock:` (each agent's own model of the template), `bedrock:<model id>` or \
     `openai:<base url>#<model>`, or `none` to serve no agents";

/// Which model the agents use: one for all, and others for some.
#[derive(Debug, Clone)]
pub struct Models {
    common: Arc<dyn Model>,
    own: BTreeMap<String, Arc<dyn Model>>,
}

impl Models {
    /// A model from a choice: `script:<file>`, `bedrock:` or `bedrock:template`, `bedrock:<model id>`, or
    /// `openai:<base url>#<model>`.
    ///
    /// # Errors
    /// [`ModelChoiceError`] when the choice names no known kind, or its scenario file or address cannot be used.
    pub async fn open(choice: &str) -> Result<Self, ModelChoiceError> {
        open(choice).await.map(Self::custom)
    }

    /// Models from several choices: one for all agents, and `<agent>=<choice>` for single ones.
    ///
    /// # Errors
    /// As [`Models::open`], and when an agent is not among `agents`, or two choices are for the same ones.
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
    /// [`ModelChoiceError::Scenario`] when the file cannot be read or has a mistake.
    pub fn script(file: &Path) -> Result<Self, ModelChoiceError> {
        scripted(file).map(Self::custom)
    }

    /// A model of one's own.
    #[must_use]
    pub fn custom(model: Arc<dyn Model>) -> Self {
        Self { common: model, own: BTreeMap::new() }
    }

    /// Another model for one agent.
    #[must_use]
    pub fn with(mut self, agent: impl Into<String>, model: Arc<dyn Model>) -> Self {
        self.own.insert(agent.into(), model);
        self
    }

    /// Holds every model to what it needs before it is asked the first time.
    ///
    /// # Errors
    /// [`ModelChoiceError::NotReady`] of the first that lacks something.
    pub async fn check(&self) -> Result<(), ModelChoiceError> {
        for model in std::iter::once(&self.common).chain(self.own.values()) {
            model.check().await.map_err(ModelChoiceError::NotReady)?;
        }
        Ok(())
    }

    /// The model of an agent.
    #[must_use]
    pub fn of(&self, agent: &str) -> &dyn Model {
        self.own.get(agent).unwrap_or(&self.common).as_ref()
    }
}

/// Whether a choice is for one agent alone, so that others still need one.
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

/// Why a model choice cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelChoiceError {
    /// The choice is of no known kind.
    #[error("`{0}` is no model: write {KINDS}, each with `<agent>=` in front for one agent alone")]
    Unknown(String),
    /// The scenario file cannot be used.
    #[error(transparent)]
    Scenario(#[from] script::ScenarioError),
    /// The address of a model server cannot be used.
    #[error(transparent)]
    Address(#[from] openai::AddressError),
    /// A model lacks something that it needs, in words.
    #[error("{0}")]
    NotReady(String),
    /// A choice is for an agent that does not exist.
    #[error("there is no agent `{agent}` to choose a model for; the agents are: {agents}")]
    NoAgent {
        /// The agent named.
        agent: String,
        /// Those that exist.
        agents: String,
    },
    /// Two choices for the same agents.
    #[error("two models are chosen for {0}: leave one out")]
    Twice(String),
    /// Some agents have no model.
    #[error("these agents have no model: {0}; choose one for all with `--model` and no agent in front")]
    NotAll(String),
}
