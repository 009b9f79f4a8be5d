//! The interface to the functions: the agents need nothing from them but invocation.

use std::fmt;

use bytes::Bytes;
use futures_util::future::BoxFuture;

use crate::lambda::{Functions, InvokeError};

/// Invokes a Lambda function. This crate's functions implement it; tests bring their own implementation.
pub trait Invoke: Send + Sync + fmt::Debug {
    /// Invokes the function with this logical id and waits for its reply.
    fn invoke<'a>(&'a self, function: &'a str, payload: Bytes) -> BoxFuture<'a, Result<LambdaReply, InvokeFailure>>;

    /// Whether the effect of the tool happens once, however often the call is repeated (`.once(..)`).
    fn happens_once(&self, _function: &str, _tool: &str) -> bool {
        false
    }
}

/// The reply of a function.
#[derive(Debug, Clone)]
pub struct LambdaReply {
    /// The body of the reply or of the error.
    pub payload: Bytes,
    /// `X-Amz-Function-Error`, such as `Unhandled`, if the function failed.
    pub function_error: Option<String>,
}

/// Why a function could not be invoked.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct InvokeFailure {
    /// The error message.
    pub message: String,
    /// Whether no instance took the event. A retry then cannot repeat an effect.
    pub never_taken: bool,
}

impl From<InvokeError> for InvokeFailure {
    fn from(error: InvokeError) -> Self {
        // During shutdown an instance may already have taken the event.
        Self { message: error.to_string(), never_taken: matches!(error, InvokeError::Unknown { .. }) }
    }
}

impl Invoke for Functions {
    fn invoke<'a>(&'a self, function: &'a str, payload: Bytes) -> BoxFuture<'a, Result<LambdaReply, InvokeFailure>> {
        Box::pin(async move {
            let invoked = Self::invoke(self, function, payload, None).await;
            let invocation = invoked.map_err(InvokeFailure::from)?;
            Ok(LambdaReply { payload: invocation.payload, function_error: invocation.function_error })
        })
    }
}
