//! The lifecycle hooks of an AgentCore harness: your function allows or denies an invocation and each call of a tool.
//!
//! This module needs the feature `hooks`.
//!
//! ```no_run
//! use toolgate::hooks::{Decision, HookEvent, Moment};
//!
//! /// Reads only. Whatever else the harness may call, it does not.
//! async fn reads_only(_state: &(), event: HookEvent) -> Result<Decision, toolgate::Error> {
//!     Ok(match event.moment {
//!         Moment::BeforeToolCall { tool, .. } if !tool.contains("___get_") => Decision::deny("this session reads only"),
//!         _ => Decision::Allow,
//!     })
//! }
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> Result<(), toolgate::Error> {
//!     toolgate::hooks::run(async || Ok::<_, toolgate::Error>(()), async |state, event| reads_only(state, event).await).await
//! }
//! ```
//!
//! What cannot be read is denied: an unknown event, an error of the handler, a panic. Leave `failureMode` at `deny` in the
//! template, so that a function that does not answer denies too. In a template, mark the function with
//! `Metadata: Toolgate: {Tools: false}`.
//!
//! <https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/harness-lifecycle-hooks.html>

mod event;

use std::{future::Future, panic::AssertUnwindSafe};

use futures_util::FutureExt;
use lambda_runtime::{LambdaEvent, tower::service_fn};
use serde_json::{Value, json};

use crate::{error::Error, runtime, sanitize};

pub use event::{HookEvent, Moment, NotAHookEvent, Usage};

/// The longest reason, in characters. The limit is the service's.
pub const REASON_CHARACTERS: usize = 1024;

/// What a hook decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// The invocation goes on.
    Allow,
    /// It does not. The reason reaches the model or the caller.
    Deny(String),
}

impl Decision {
    /// A deny with its reason.
    pub fn deny(reason: impl Into<String>) -> Self {
        Self::Deny(reason.into())
    }

    /// The answer to the harness. Invisible characters of the reason are removed, and a long one is cut.
    #[must_use]
    pub fn answer(&self) -> Value {
        match self {
            Self::Allow => json!({"decision": "allow"}),
            Self::Deny(reason) => {
                let reason: String = sanitize::text(reason).chars().take(REASON_CHARACTERS).collect();
                json!({"decision": "deny", "reason": reason})
            }
        }
    }
}

/// The answer to an event: what `handler` decides, or a deny if the event is unknown, or the handler fails or panics.
pub async fn answer<F, Fut>(event: Value, handler: F) -> Value
where
    F: FnOnce(HookEvent) -> Fut,
    Fut: Future<Output = Result<Decision, Error>>,
{
    let event = match HookEvent::decode(event) {
        Ok(event) => event,
        Err(error) => {
            tracing::error!("denied: {error}");
            return Decision::deny(error.to_string()).answer();
        }
    };
    let decided = AssertUnwindSafe(async { handler(event).await }).catch_unwind().await;
    let decision = match decided {
        Ok(Ok(decision)) => decision,
        Ok(Err(error)) => {
            tracing::error!("denied: the hook failed: {error}");
            Decision::deny("the hook failed")
        }
        Err(_panic) => {
            tracing::error!("denied: the hook panicked");
            Decision::deny("the hook failed")
        }
    };
    decision.answer()
}

/// Runs a hook as a Lambda function, with the state that `state` creates.
///
/// # Errors
/// The state could not be created, a `TOOLGATE_` variable is not valid, or the Runtime API is not available.
pub async fn run<S, I, E, H>(state: I, handler: H) -> Result<(), Error>
where
    I: AsyncFnOnce() -> Result<S, E>,
    E: Into<Error>,
    H: AsyncFn(&S, HookEvent) -> Result<Decision, Error>,
{
    runtime::init()?;
    let state = state().await.map_err(Into::into)?;
    let (state, handler) = (&state, &handler);
    runtime::serve(service_fn(move |event: LambdaEvent<Value>| async move {
        Ok::<_, Error>(answer(event.payload, async |hook| handler(state, hook).await).await)
    }))
    .await
}
