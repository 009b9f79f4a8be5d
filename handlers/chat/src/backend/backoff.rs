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

/// The attempts of one turn.
#[derive(Debug)]
pub(super) struct Attempts {
    backoff: Backoff,
    waited: u32,
}

impl Backoff {
    pub(super) fn attempts(self) -> Attempts {
        Attempts { backoff: self, waited: 0 }
    }
}

impl Attempts {
    /// Whether the turn has to be attempted again, after a wait. What has begun is never repeated, since its tools have
    /// effects.
    pub(super) async fn again(&mut self, result: &Result<End, TurnError>, progress: &Sender<Progress>) -> bool {
        let is_throttled = matches!(result, Err(error) if error.reason() == Reason::Throttled);
        if !is_throttled || self.waited == self.backoff.times {
            return false;
        }
        let most = self.backoff.first.saturating_mul(2_u32.saturating_pow(self.waited));
        let wait = most.mul_f64(rand::random_range(0.5..=1.0));
        report(progress, Progress::Waiting { wait }).await;
        tokio::time::sleep(wait).await;
        self.waited += 1;
        true
    }
}
