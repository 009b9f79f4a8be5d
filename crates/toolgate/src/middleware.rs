//! The user's own middleware: functions around the gates with memory and the tool, for a whole router or for one tool.

use std::{fmt, future::Future, sync::Arc};

use lambda_runtime::BoxFuture;
use serde_json::{Map, Value};

use crate::{call_context::CallContext, cx::Cx, error::ToolError};

/// The result of a call: the exposed output, or the error.
pub type Outcome = Result<Value, ToolError>;

/// A call as middleware sees it. The input is converted and validated, and the tool has not run yet.
pub struct Call<S> {
    context: Box<CallContext<S>>,
}

impl<S> Call<S> {
    /// The tool's name.
    pub fn tool(&self) -> &str {
        &self.context.tool.name
    }

    /// The converted input: typed values, known fields only. It is read-only.
    pub fn input(&self) -> &Map<String, Value> {
        &self.context.arguments
    }

    /// State, session, caller and remaining time.
    pub fn cx(&self) -> &Cx<S> {
        &self.context.cx
    }
}

/// Shows the tool's name, and no text that a person wrote.
impl<S> fmt::Debug for Call<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("tool", &self.tool()).finish_non_exhaustive()
    }
}

/// The rest of the pipeline: the next middleware, and after the last one the gates with memory and the tool.
pub struct Next<S> {
    chain: Arc<[Middleware<S>]>,
    at: usize,
    end: End<S>,
}

type End<S> = Arc<dyn Fn(CallContext<S>) -> BoxFuture<'static, Outcome> + Send + Sync>;

impl<S: Send + Sync + 'static> Next<S> {
    /// Continues the call. Middleware that does not call this stops the call.
    pub async fn run(self, call: Call<S>) -> Outcome {
        match self.chain.get(self.at) {
            Some(middleware) => middleware(call, Self { at: self.at + 1, chain: self.chain.clone(), ..self }).await,
            None => (self.end)(*call.context).await,
        }
    }
}

impl<S> fmt::Debug for Next<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").field("left", &(self.chain.len() - self.at)).finish()
    }
}

pub(crate) type Middleware<S> = Arc<dyn Fn(Call<S>, Next<S>) -> BoxFuture<'static, Outcome> + Send + Sync>;

/// Erases the type of a middleware function and of its future.
pub(crate) fn erase<S, F, Fut>(middleware: F) -> Middleware<S>
where
    F: Fn(Call<S>, Next<S>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Outcome> + Send + 'static,
{
    Arc::new(move |call, next| Box::pin(middleware(call, next)))
}

/// Runs `inside` with all middleware around it.
pub(crate) async fn around<S, F, Fut>(chain: Arc<[Middleware<S>]>, context: CallContext<S>, inside: F) -> Outcome
where
    S: Send + Sync + 'static,
    F: Fn(CallContext<S>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Outcome> + Send + 'static,
{
    if chain.is_empty() {
        return inside(context).await;
    }
    let end: End<S> = Arc::new(move |context| Box::pin(inside(context)));
    let outcome = Next { chain, at: 0, end }.run(Call { context: Box::new(context) }).await;
    outcome.map_err(|error| error.at("middleware"))
}
