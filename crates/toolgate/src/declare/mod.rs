//! The option values of a tool: [`Once`], [`Confirm`], [`Cache`]. Each groups the settings that belong together, so
//! that they cannot contradict each other.

pub(crate) mod cache;
pub(crate) mod confirm;
pub(crate) mod once;

use std::{sync::Arc, time::Duration};

use crate::key::Key;

/// Makes the key of an effect from a typed input.
pub(crate) type KeyOf<I> = Arc<dyn Fn(&I) -> Key + Send + Sync>;

/// Whether an option applies to an input.
pub(crate) type Condition<I> = Arc<dyn Fn(&I) -> bool + Send + Sync>;

/// Bounds of every retention time. The ledger counts seconds, so one second is the shortest. More than a year is
/// probably a mistake, or needs another kind of store.
pub(crate) const TTL: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(366 * 24 * 60 * 60));

/// Describes a duration that is out of bounds, for `build()`.
pub(crate) fn out_of_bounds(option: &str, ttl: Duration) -> Option<String> {
    let (shortest, longest) = TTL;
    (ttl < shortest || ttl > longest).then(|| {
        format!("{option} lasts {ttl:?}, which is not between one second and 366 days; choose another duration")
    })
}

/// A duration of `n` seconds.
pub const fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// A duration of `n` minutes.
pub const fn minutes(n: u64) -> Duration {
    Duration::from_secs(n.saturating_mul(60))
}

/// A duration of `n` hours.
///
/// ```
/// assert_eq!(toolgate::hours(24), toolgate::days(1));
/// ```
pub const fn hours(n: u64) -> Duration {
    Duration::from_secs(n.saturating_mul(60 * 60))
}

/// A duration of `n` days of 24 hours.
pub const fn days(n: u64) -> Duration {
    Duration::from_secs(n.saturating_mul(24 * 60 * 60))
}
