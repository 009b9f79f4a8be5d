//! Own steps: what an engineer adds to the path of calls, of a router or of one tool, between the rules and the gates
//! with memory.

use std::{fmt, future::Future, sync::Arc};

use lambda_runtime::BoxFuture;
use serde_json::{Map, Value};

use crate::{
    cx::Cx,
    error::ToolError,
    gate::{self, Passage},
};

/// What came of a call: the exposed output, or why there is none.
pub type Outcome = Result<Value, ToolError>;

/// A call on its way through a router's own steps: its input is read and checked, and the tool has not run.
pub struct Call<S> {
    passage: Box<Passage<S>>,
}

impl<S> Call<S> {
    /// The tool's name.
    pub fn tool(&self) -> &str {
        &self.passage.entry.name
    }

    /// The input as it was understood: real types, known fields only. It cannot be changed.
    pub fn input(&self) -> &Map<String, Value> {
        &self.passage.arguments
    }

    /// State, session, caller and time left.
    pub fn cx(&self) -> &Cx<S> {
        &self.passage.cx
    }
}

/// Names the tool and nothing that a person wrote.
impl<S> fmt::Debug for Call<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("tool", &self.tool()).finish_non_exhaustive()
    }
}

/// What comes after a step: the next one, and at the end the gates with memory and the tool.
pub struct Next<S> {
    steps: Arc<[Step<S>]>,
    at: usize,
}

impl<S: Send + Sync + 'static> Next<S> {
    /// Goes on with the call. A step that does not call this has stopped it.
    pub async fn run(self, call: Call<S>) -> Outcome {
        match self.steps.get(self.at) {
            Some(step) => step(call, Self { steps: self.steps.clone(), at: self.at + 1 }).await,
            None => gate::effect(*call.passage).await,
        }
    }
}

impl<S> fmt::Debug for Next<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").field("left", &(self.steps.len() - self.at)).finish()
    }
}

pub(crate) type Step<S> = Arc<dyn Fn(Call<S>, Next<S>) -> BoxFuture<'static, Outcome> + Send + Sync>;

/// Forgets the type of a step's future.
pub(crate) fn erase<S, F, Fut>(step: F) -> Step<S>
where
    F: Fn(Call<S>, Next<S>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Outcome> + Send + 'static,
{
    Arc::new(move |call, next| Box::pin(step(call, next)))
}

/// Takes a call through all steps and what comes after them.
pub(crate) async fn walk<S: Send + Sync + 'static>(passage: Passage<S>) -> Outcome {
    let steps = passage.entry.steps.clone();
    if steps.is_empty() {
        return gate::effect(passage).await;
    }
    let call = Call { passage: Box::new(passage) };
    let outcome = Next { steps, at: 0 }.run(call).await;
    outcome.map_err(|error| error.at("own step"))
}
