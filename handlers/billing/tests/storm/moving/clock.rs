//! A movable clock.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use rand::{RngExt, rngs::StdRng};

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;

/// The maximum time that may pass during a call: no function runs longer
/// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
pub(super) const PHASE: u64 = 15 * MINUTE;

/// Milliseconds since 1970.
#[derive(Debug, Clone)]
pub(crate) struct Clock(Arc<AtomicU64>);

impl Clock {
    pub(super) fn start() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        Self(Arc::new(AtomicU64::new(u64::try_from(now).unwrap())))
    }

    pub(super) fn time(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_millis(self.0.load(Ordering::SeqCst))
    }

    pub(super) fn seconds(&self) -> u64 {
        self.0.load(Ordering::SeqCst) / 1000
    }

    /// Moves the clock in small steps through a phase, until `over` is set.
    pub(super) async fn tick(&self, rng: &mut StdRng, over: &AtomicBool) {
        let mut left = PHASE;
        while !over.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(rng.random_range(1..10))).await;
            let step = rng.random_range(0..MINUTE).min(left);
            left -= step;
            self.0.fetch_add(step, Ordering::SeqCst);
        }
    }

    /// Moves the clock to the next phase: to shortly before or after an expiry, or far beyond it.
    pub(super) fn leap(&self, rng: &mut StdRng) {
        let step = match rng.random_range(0..6) {
            0 => rng.random_range(0..2 * HOUR),
            1 => 24 * HOUR - rng.random_range(0..PHASE),
            2 => 24 * HOUR + rng.random_range(0..PHASE),
            3 => 25 * HOUR - rng.random_range(0..PHASE),
            4 => 25 * HOUR + rng.random_range(0..PHASE),
            _ => rng.random_range(26 * HOUR..80 * HOUR),
        };
        self.0.fetch_add(step, Ordering::SeqCst);
    }
}
