//! Part of gate 10: a panic in the tool, in middleware, in a rule or in a `Deserialize` becomes an internal error.

use std::{future::Future, panic::AssertUnwindSafe};

use futures_util::FutureExt;

use crate::{error::ToolError, middleware::Outcome};

/// Catches a panic in `work`. The payload is dropped because it may quote a value. The panic hook logs the source line.
pub(crate) async fn caught(work: impl Future<Output = Outcome>) -> Outcome {
    let panicked = |_payload| Err(ToolError::internal("the tool panicked").at("panic"));
    AssertUnwindSafe(work).catch_unwind().await.unwrap_or_else(panicked)
}
