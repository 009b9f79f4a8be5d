//! The models that an agent can think with, behind one Converse-like trait.
//!
//! The loop in `agents` knows only [`Model`]; where the answer comes from (a scenario file, Bedrock) stays in here.

mod bedrock;
mod message;
pub mod script;

use std::{fmt, path::PathBuf, sync::Arc};

use futures_util::future::BoxFuture;

pub use bedrock::BedrockModel;
pub use message::{Block, Message, ModelReply, ModelRequest, Role, StopReason, ToolSpec, Usage};
pub use script::ScriptModel;

/// Something that answers a conversation, with text or with calls of the tools that it was offered.
pub trait Model: Send + Sync + fmt::Debug {
    /// One model turn.
    fn converse<'a>(&'a self, request: ModelRequest<'a>) -> BoxFuture<'a, Result<ModelReply, ModelError>>;

    /// What stands behind it for this agent, as `script:…` or `bedrock:…`, for traces and consoles.
    fn label(&self, foundation_model: &str) -> String;

    /// Whether the answers are scripted, which every surface has to say.
    fn is_scripted(&self) -> bool {
        false
    }
}

/// Which model the agents use.
#[derive(Debug, Clone)]
pub struct Models(Arc<dyn Model>);

impl Models {
    /// A model from a choice such as `script:scenarios/support-desk.yaml`, `bedrock:` or `bedrock:<model id>`.
    ///
    /// # Errors
    /// [`ModelChoiceError`] when the choice names no known kind, or its scenario file cannot be used.
    pub async fn open(choice: &str) -> Result<Self, ModelChoiceError> {
        match choice.split_once(':') {
            Some(("script", file)) if !file.is_empty() => Self::script(&PathBuf::from(file)),
            Some(("bedrock", id)) => Ok(Self::custom(Arc::new(BedrockModel::from_env(id).await))),
            _ => Err(ModelChoiceError::Unknown(choice.to_owned())),
        }
    }

    /// The scripted model of a scenario file.
    ///
    /// # Errors
    /// [`ModelChoiceError::Scenario`] when the file cannot be read or has a mistake.
    pub fn script(file: &std::path::Path) -> Result<Self, ModelChoiceError> {
        let scenario = script::Scenario::read(file)?;
        let name = format!("script:{}", file.display());
        Ok(Self::custom(Arc::new(ScriptModel::new(scenario, name))))
    }

    /// A model of one's own.
    #[must_use]
    pub fn custom(model: Arc<dyn Model>) -> Self {
        Self(model)
    }

    /// The model.
    #[must_use]
    pub fn model(&self) -> &dyn Model {
        self.0.as_ref()
    }
}

/// Why a model choice cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelChoiceError {
    /// The choice is of no known kind.
    #[error("`{0}` is no model: write `script:<scenario file>`, `bedrock:` or `bedrock:<model id>`")]
    Unknown(String),
    /// The scenario file cannot be used.
    #[error(transparent)]
    Scenario(#[from] script::ScenarioError),
}

/// Why a model did not answer. The kind decides which exception the caller of the agent sees.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ModelError {
    /// What went wrong.
    pub kind: ModelErrorKind,
    /// In words, for the caller.
    pub message: String,
}

/// The kinds of [`ModelError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelErrorKind {
    /// Too many requests, also after the client's own retries.
    Throttled,
    /// The credentials do not allow the call, or there are none.
    AccessDenied,
    /// The model or profile does not exist here.
    NotFound,
    /// The request was refused as invalid.
    Invalid,
    /// The model is still being loaded.
    NotReady,
    /// The model or the way to it failed.
    Unavailable,
    /// The model answered with something that cannot be used.
    BadAnswer,
}

impl ModelError {
    pub(crate) fn new(kind: ModelErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}
