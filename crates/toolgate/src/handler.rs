//! The two forms of a tool function, and the traits of its types.
//!
//! Each requirement is a separate trait with its own message, so that each mistake has one readable compile error.

use std::future::Future;

use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use validator::Validate;

use crate::{cx::Cx, error::ToolError};

/// A tool function: `async fn(Input) -> Result<Output, E>` or `async fn(Cx<State>, Input) -> Result<Output, E>`.
///
/// All such functions and closures implement it. There is nothing to implement by hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has not the shape of a tool",
    label = "not a tool function",
    note = "a tool is `async fn(Input) -> Result<Output, E>` or `async fn(Cx<State>, Input) -> Result<Output, E>`",
    note = "with `Cx`, its state must be the router's"
)]
pub trait ToolFn<S, Args>: Send + Sync + 'static {
    /// The type of the arguments.
    type Input;
    /// The future that the function returns.
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

/// A type that arguments can be deserialised into: `#[derive(Deserialize)]`.
#[diagnostic::on_unimplemented(
    message = "a tool's input must be `Deserialize`, and `{Self}` is not",
    label = "the arguments of a call cannot be read into `{Self}`",
    note = "derive it: `#[derive(serde::Deserialize)]`"
)]
pub trait ToolDeserialize: DeserializeOwned {}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> ToolDeserialize for T {}

/// A type that can be sent as a reply: `#[derive(Serialize)]`.
#[diagnostic::on_unimplemented(
    message = "a tool's output must be `Serialize`, and `{Self}` is not",
    label = "`{Self}` cannot be sent as a reply",
    note = "derive it: `#[derive(serde::Serialize)]`"
)]
pub trait ToolSerialize: Serialize {}

#[diagnostic::do_not_recommend]
impl<T: Serialize> ToolSerialize for T {}

/// A type with a JSON schema: `#[derive(JsonSchema)]`.
#[diagnostic::on_unimplemented(
    message = "a tool's input and output must be `JsonSchema`, and `{Self}` is not",
    label = "`{Self}` has no JSON schema for the model",
    note = "derive it: `#[derive(schemars::JsonSchema)]`"
)]
pub trait ToolJsonSchema: JsonSchema {}

#[diagnostic::do_not_recommend]
impl<T: JsonSchema> ToolJsonSchema for T {}

/// A type with checks beyond its types: `#[derive(Validate)]`.
#[diagnostic::on_unimplemented(
    message = "a tool's input must be `Validate`, and `{Self}` is not",
    label = "`{Self}` has no validation rules",
    note = "derive it, even where there is nothing to check yet: `#[derive(validator::Validate)]`"
)]
pub trait ToolValidate: Validate {}

#[diagnostic::do_not_recommend]
impl<T: Validate> ToolValidate for T {}

/// A tool's error: any type with `impl From<MyError> for ToolError`. The conversion decides what the model may read.
#[diagnostic::on_unimplemented(
    message = "a tool's error must become a `ToolError`, and `{Self}` does not",
    label = "this tool's error is `{Self}`",
    note = "implement `From<{Self}> for ToolError`, and decide there what the model may read",
    note = "or return `ToolError` and convert with `.map_err(ToolError::internal)`"
)]
pub trait ToolFailure: Into<ToolError> {}

#[diagnostic::do_not_recommend]
impl<T: Into<ToolError>> ToolFailure for T {}

/// A future of a `Result`, as an `async fn` returns it.
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

/// The return type of a tool function: a future of a `Result` with a valid output and a valid error.
#[diagnostic::on_unimplemented(
    message = "a tool must be an `async fn` that returns a `Result`, but this one returns `{Self}`",
    label = "not a future of `Result<Output, E>`",
    note = "write `async fn(..) -> Result<Output, ToolError>`"
)]
pub trait ToolReply: ToolFuture<Ok: ToolSerialize + ToolJsonSchema + Send + 'static, Err: ToolFailure> {}

// recommended, so that the compiler reports a wrong output or error under its own trait
impl<F: ToolFuture<Ok: ToolSerialize + ToolJsonSchema + Send + 'static, Err: ToolFailure>> ToolReply for F {}
