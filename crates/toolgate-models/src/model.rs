//! The trait of a model, and the error for a failed model turn.

use std::fmt;

use futures_util::future::BoxFuture;

use crate::{
    answer::Write,
    conversation::Conversation,
    message::{ModelReply, ModelRequest},
};

/// A model: it replies to a conversation with text or with calls of the offered tools.
pub trait Model: Send + Sync + fmt::Debug {
    /// Runs one model turn. If there is a `write`, the final answer is passed to it while it is generated. The text
    /// passed to it must be a prefix of the reply's text. A model that cannot detect its final answer early writes
    /// nothing.
    fn converse<'a>(
        &'a self,
        request: ModelRequest<'a>,
        write: Option<Write<'a>>,
    ) -> BoxFuture<'a, Result<ModelReply, ModelError>>;

    /// The instruction for the system prompt that makes the model's final answer detectable while it is generated.
    fn stream_hint(&self) -> Option<&'static str> {
        None
    }

    /// Checks that the model can be called, for example that credentials exist. Sends no request to it.
    fn check(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }

    /// The model behind this agent, as `script:…` or `bedrock:…`, for traces and consoles.
    fn label(&self, foundation_model: &str) -> String;

    /// Conversations that the model is known to answer. Only a scripted model has any.
    fn examples(&self) -> &[Conversation] {
        &[]
    }

    /// Whether the answers are scripted. Every user interface must show that.
    fn is_scripted(&self) -> bool {
        false
    }
}

/// Why a model turn failed. The kind determines which exception the caller of the agent gets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ModelError {
    /// The kind of the error.
    pub kind: ModelErrorKind,
    /// The message for the caller.
    pub message: String,
}

/// The kinds of [`ModelError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ModelErrorKind {
    /// Too many requests, even after the client's own retries.
    Throttled,
    /// The credentials do not allow the call, or there are none.
    AccessDenied,
    /// The model or profile does not exist here.
    NotFound,
    /// The request was refused as invalid.
    Invalid,
    /// The conversation is too long for the model. A shorter one may succeed.
    TooLong,
    /// The model is still being loaded.
    NotReady,
    /// The model or the connection to it failed.
    Unavailable,
    /// The model's reply cannot be used.
    BadAnswer,
}

impl ModelError {
    /// Creates an error of this kind.
    pub fn new(kind: ModelErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}
