//! Gate 10, deadline: the tool ends before Lambda does, with time left for the reply; a panic is caught.

use std::{panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use serde_json::Value;

use super::Passage;
use crate::error::ToolError;

/// Time kept for encoding and sending the reply: a tenth of what is left, within these bounds.
const MARGIN: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// Runs the tool. The outer error is this gate's, the inner one the tool's.
pub(super) async fn run<S>(passage: &mut Passage<S>) -> Result<Result<Value, ToolError>, ToolError> {
    let Some(ready) = passage.ready.take() else {
        return Err(ToolError::internal("the tool was to run before its input was read"));
    };
    // the call itself may panic too, before there is a future
    let cx = passage.cx.clone();
    let work = AssertUnwindSafe(async move { ready.run(cx).await }).catch_unwind();
    let outcome = match passage.cx.remaining() {
        None => work.await,
        Some(left) => {
            let margin = (left / 10).clamp(MARGIN.0, MARGIN.1);
            match tokio::time::timeout(left.saturating_sub(margin), work).await {
                Ok(outcome) => outcome,
                Err(_elapsed) => return Err(timed_out(passage.entry.once.is_some())),
            }
        }
    };
    // the panic's payload may hold anything, so it is dropped; where it happened has been logged
    outcome.map_err(|_payload| ToolError::internal("the tool panicked"))
}

fn timed_out(once: bool) -> ToolError {
    ToolError::timed_out(match once {
        true => "timed out; it may have happened; repeat the same call to find out, it will not happen twice",
        false => "timed out",
    })
}
