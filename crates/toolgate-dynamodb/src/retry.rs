//! Trying again: with jitter, and not beyond the call's deadline.

use std::time::Duration;

/// Attempts at one commit. Contention on one item clears in a few tens of milliseconds.
pub(crate) const ATTEMPTS: u32 = 8;
const FIRST: Duration = Duration::from_millis(15);
const LONGEST: Duration = Duration::from_millis(400);
/// Left for the attempt itself and the reply.
const RESERVE: Duration = Duration::from_millis(250);

/// Waits before attempt `attempt` (from 1); `false` where there is no time or no attempt left.
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
