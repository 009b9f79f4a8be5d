//! What the options of a tool take: [`Once`], [`Confirm`], [`Cache`]. Each is one value, so that what belongs together
//! cannot contradict itself.

pub(crate) mod cache;
pub(crate) mod confirm;
pub(crate) mod once;

use std::{sync::Arc, time::Duration};

use crate::key::Key;

/// Makes the key of an effect from a typed input.
pub(crate) type KeyOf<I> = Arc<dyn Fn(&I) -> Key + Send + Sync>;

/// Whether an input is one of those that an option is about.
pub(crate) type Condition<I> = Arc<dyn Fn(&I) -> bool + Send + Sync>;

/// Bounds of how long something is remembered. Shorter than a second is no time in the ledger, which counts seconds;
/// longer than a year is a mistake, or a store of another kind.
pub(crate) const TTL: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(366 * 24 * 60 * 60));

/// What is wrong with a duration, for `build()`.
pub(crate) fn out_of_bounds(option: &str, ttl: Duration) -> Option<String> {
    let (shortest, longest) = TTL;
    (ttl < shortest || ttl > longest).then(|| {
        format!("{option} lasts {ttl:?}, which is not between one second and 366 days; choose another duration")
    })
}

/// So many seconds.
pub const fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// So many minutes.
pub const fn minutes(n: u64) -> Duration {
    Duration::from_secs(n.saturating_mul(60))
}

/// So many hours.
///
/// ```
/// assert_eq!(toolgate::hours(24), toolgate::days(1));
/// ```
pub const fn hours(n: u64) -> Duration {
    Duration::from_secs(n.saturating_mul(60 * 60))
}

/// So many days of 24 hours.
pub const fn days(n: u64) -> Duration {
    Duration::from_secs(n.saturating_mul(24 * 60 * 60))
}
