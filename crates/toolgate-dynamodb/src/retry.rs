//! Retries with jitter, up to the call's deadline.

use std::time::Duration;

/// Maximum number of attempts for one request. Contention on one item usually clears within a few tens of milliseconds.
pub(crate) const ATTEMPTS: u32 = 8;
const FIRST: Duration = Duration::from_millis(15);
const LONGEST: Duration = Duration::from_millis(400);
/// Time that is kept for the attempt itself and the reply.
const RESERVE: Duration = Duration::from_millis(250);

/// Waits after the failed attempt `attempt` (from 1). Returns `false` where no time or no attempt is left.
pub(crate) async fn pause(attempt: u32, remaining: Option<Duration>) -> bool {
    if attempt >= ATTEMPTS {
        return false;
    }
    let ceiling = FIRST.saturating_mul(1 << attempt.min(16)).min(LONGEST);
    let wait = ceiling.mul_f64(rand::random_range(0.1..1.0));
    if remaining.is_some_and(|left| left < wait + RESERVE) {
        return false;
    }
    tokio::time::sleep(wait).await;
    true
}
