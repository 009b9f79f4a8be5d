//! The two shapes of a tool function, and the roles that its types play.
//!
//! Each role is a trait of its own with a message of its own, so that each mistake has one readable compile error.

use std::future::Future;

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use validator::Validate;

use crate::{cx::Cx, error::ToolError};

/// A function that can be a tool: `async fn(Input) -> Result<Output, E>` or `async fn(Cx<State>, Input) -> Result<Output, E>`.
///
/// Implemented for all such functions and closures; there is nothing to implement by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has not the shape of a tool",
    label = "not a tool function",
    note = "a tool is `async fn(Input) -> Result<Output, E>` or `async fn(Cx<State>, Input) -> Result<Output, E>`",
    note = "with `Cx`, its state must be the router's"
)]
pub trait ToolFn<S, Args>: Send + Sync + 'static {
    /// The type of the arguments.
    type Input;
    /// What the function returns.
    type Future;

    /// Calls the function.
    fn call(&self, cx: Cx<S>, input: Self::Input) -> Self::Future;
}

impl<F, S, I, Fut> ToolFn<S, (I,)> for F
where
    F: Fn(I) -> Fut + Send + Sync + 'static,
{
    type Input = I;
    type Future = Fut;

    fn call(&self, _cx: Cx<S>, input: I) -> Fut {
        self(input)
    }
}

impl<F, S, I, Fut> ToolFn<S, (Cx<S>, I)> for F
where
    F: Fn(Cx<S>, I) -> Fut + Send + Sync + 'static,
{
    type Input = I;
    type Future = Fut;

    fn call(&self, cx: Cx<S>, input: I) -> Fut {
        self(cx, input)
    }
}

/// A tool's input: `#[derive(Deserialize, JsonSchema, Validate)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a tool's input",
    label = "this tool's input is `{Self}`",
    note = "derive what an input needs: `#[derive(serde::Deserialize, schemars::JsonSchema, validator::Validate)]`"
)]
pub trait ToolInput: DeserializeOwned + JsonSchema + Validate + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + JsonSchema + Validate + Send + 'static> ToolInput for T {}

/// A tool's output: `#[derive(Serialize, JsonSchema)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a tool's output",
    label = "this tool's output is `{Self}`",
    note = "derive what an output needs: `#[derive(serde::Serialize, schemars::JsonSchema)]`"
)]
pub trait ToolOutput: Serialize + JsonSchema + Send + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + JsonSchema + Send + 'static> ToolOutput for T {}

/// A tool's error: anything that says what the model may read, by `impl From<MyError> for ToolError`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a tool's error",
    label = "this tool's error is `{Self}`",
    note = "implement `From<{Self}> for ToolError`, and decide there what the model may read",
    note = "or return `ToolError` and convert with `.map_err(ToolError::internal)`"
)]
pub trait ToolFailure: Into<ToolError> {}

#[diagnostic::do_not_recommend]
impl<T: Into<ToolError>> ToolFailure for T {}

/// What a tool function returns: a future of a `Result`.
#[diagnostic::on_unimplemented(
    message = "a tool must be an `async fn` that returns a `Result`, but this one returns `{Self}`",
    label = "not a future of `Result<Output, E>`",
    note = "write `async fn(..) -> Result<Output, ToolError>`"
)]
pub trait ToolFuture: Future<Output = Result<Self::Ok, Self::Err>> + 'static {
    /// The output.
    type Ok;
    /// The error.
    type Err;
}

#[diagnostic::do_not_recommend]
impl<F, O, E> ToolFuture for F
where
    F: Future<Output = Result<O, E>> + 'static,
{
    type Ok = O;
    type Err = E;
}
