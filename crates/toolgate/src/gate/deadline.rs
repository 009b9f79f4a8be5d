//! Gate 10, deadline: a call ends before Lambda stops the function, with time left for the reply. This covers the tool,
//! and the middleware and gates around it that wait. A tool that blocks its thread cannot be interrupted.

use std::{future::Future, time::Duration};

use crate::{cx::Cx, error::ToolError, middleware::Outcome};

/// Time that is kept for encoding and sending the reply: a tenth of the remaining time, within these bounds.
const MARGIN: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// Stops `work` before the deadline.
pub(crate) async fn within<S>(cx: &Cx<S>, work: impl Future<Output = Outcome>) -> Outcome {
    let Some(left) = cx.remaining() else { return work.await };
    let left = left.saturating_sub((left / 10).clamp(MARGIN.0, MARGIN.1));
    if left.is_zero() {
        return Err(timed_out(false));
    }
    // an effect that has not begun has not happened
    let may_have_happened = || cx.once_key().is_some() && cx.trail().begun.is_set();
    tokio::time::timeout(left, work).await.unwrap_or_else(|_elapsed| Err(timed_out(may_have_happened())))
}

fn timed_out(may_have_happened: bool) -> ToolError {
    ToolError::timed_out(match may_have_happened {
        true => "timed out; it may have happened; repeat the same call to find out, it will not happen twice",
        false => "timed out",
    })
    .at("deadline")
}
