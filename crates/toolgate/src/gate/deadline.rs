//! Gate 10, deadline: the tool ends before Lambda does, with time left for the reply. A tool that blocks its thread
//! cannot be interrupted.

use std::time::Duration;

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
    let work = ready.run(passage.cx.clone());
    let Some(left) = passage.cx.remaining() else { return Ok(work.await) };
    let left = left.saturating_sub((left / 10).clamp(MARGIN.0, MARGIN.1));
    if left.is_zero() {
        // what is not begun has not happened
        return Err(timed_out(false));
    }
    tokio::time::timeout(left, work).await.map_err(|_elapsed| timed_out(passage.entry.once.is_some()))
}

fn timed_out(once: bool) -> ToolError {
    ToolError::timed_out(match once {
        true => "timed out; it may have happened; repeat the same call to find out, it will not happen twice",
        false => "timed out",
    })
}
