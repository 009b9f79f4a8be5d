//! A busy service is tried again, with growing and jittered waits, as long as nothing has begun.

use std::time::Duration;

use tokio::sync::mpsc::Sender;

use super::{Reason, TurnError, report};
use crate::{money::End, progress::Progress};

/// The waits before a busy service is tried again. Each is twice as long as the one before, and half of it or less is
/// taken away by chance, so that clients which were refused together do not come back together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The longest first wait.
    pub first: Duration,
    /// The number of waits.
    pub times: u32,
}

impl Default for Backoff {
    /// Four waits of 7.5 seconds together at most.
    fn default() -> Self {
        Self { first: Duration::from_millis(500), times: 4 }
    }
}

impl Backoff {
    /// Attempts a turn until the service takes it. What has begun is never repeated, since its tools have effects.
    pub(super) async fn attempt(
        self,
        progress: &Sender<Progress>,
        attempt: impl AsyncFn() -> Result<End, TurnError>,
    ) -> Result<End, TurnError> {
        let mut tried = 0;
        loop {
            let result = attempt().await;
            let is_throttled = matches!(&result, Err(error) if error.reason() == Reason::Throttled);
            if !is_throttled || tried == self.times {
                return result;
            }
            let most = self.first.saturating_mul(2_u32.saturating_pow(tried));
            let wait = most.mul_f64(rand::random_range(0.5..=1.0));
            report(progress, Progress::Waiting { wait }).await;
            tokio::time::sleep(wait).await;
            tried += 1;
        }
    }
}
