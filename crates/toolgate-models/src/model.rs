//! What a model is to an agent: something that answers a conversation, or says why it did not.

use std::fmt;

use futures_util::future::BoxFuture;

use crate::message::{ModelReply, ModelRequest};

/// Something that answers a conversation, with text or with calls of the tools that it was offered.
pub trait Model: Send + Sync + fmt::Debug {
    /// One model turn.
    fn converse<'a>(&'a self, request: ModelRequest<'a>) -> BoxFuture<'a, Result<ModelReply, ModelError>>;

    /// The same, and the final answer is told while it is written. What is told must be how the reply's text begins; a
    /// model that cannot know in time what its final answer is tells nothing, which is what happens unless overridden.
    fn converse_stream<'a>(
        &'a self,
        request: ModelRequest<'a>,
        _write: &'a (dyn Fn(&str) + Send + Sync),
    ) -> BoxFuture<'a, Result<ModelReply, ModelError>> {
        self.converse(request)
    }

    /// What the system prompt has to say so that the model's final answer can be told from its other words in time.
    fn stream_hint(&self) -> Option<&'static str> {
        None
    }

    /// Whether it can be asked at all, such as with the credentials that there are. Nothing is sent to it.
    fn check(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }

    /// What stands behind it for this agent, as `script:…` or `bedrock:…`, for traces and consoles.
    fn label(&self, foundation_model: &str) -> String;

    /// Whether the answers are scripted, which every surface has to say.
    fn is_scripted(&self) -> bool {
        false
    }
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
    /// The conversation is longer than the model takes; with less of it, it may pass.
    TooLong,
    /// The model is still being loaded.
    NotReady,
    /// The model or the way to it failed.
    Unavailable,
    /// The model answered with something that cannot be used.
    BadAnswer,
}

impl ModelError {
    /// An error of this kind.
    pub fn new(kind: ModelErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}
