//! The one thing that agents need of the functions: somebody who invokes them.

use std::fmt;

use bytes::Bytes;
use futures_util::future::BoxFuture;

use crate::lambda::{Functions, InvokeError};

/// Invokes a Lambda function. The functions of this crate do; tests bring their own.
pub trait Invoke: Send + Sync + fmt::Debug {
    /// Invokes the function with this logical id and waits for its reply.
    fn invoke<'a>(&'a self, function: &'a str, payload: Bytes) -> BoxFuture<'a, Result<LambdaReply, InvokeFailure>>;

    /// Whether the effect of a function's tool happens once, however often the call is repeated (`.once(..)`).
    fn happens_once(&self, _function: &str, _tool: &str) -> bool {
        false
    }
}

/// What a function replied.
#[derive(Debug, Clone)]
pub struct LambdaReply {
    /// The reply's body, or the error's.
    pub payload: Bytes,
    /// `X-Amz-Function-Error`, such as `Unhandled`, when the function failed.
    pub function_error: Option<String>,
}

/// Why a function could not be invoked at all.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct InvokeFailure {
    /// In words.
    pub message: String,
    /// No instance took the event, so that trying again cannot do a thing twice.
    pub never_taken: bool,
}

impl From<InvokeError> for InvokeFailure {
    fn from(error: InvokeError) -> Self {
        // when everything stops, the event may have been taken already
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
