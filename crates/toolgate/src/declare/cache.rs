//! What `.cache(..)` takes: for how long and for whom outputs are kept.

use std::time::Duration;

/// Outputs of a read-only tool are kept in the warm instance. A call that sets an attribute is not kept.
///
/// ```
/// use toolgate::{Cache, minutes};
///
/// let articles = Cache::shared(minutes(10));
/// let accounts = Cache::per_caller(minutes(1));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cache {
    pub(crate) ttl: Duration,
    /// For all sessions and callers.
    pub(crate) shared: bool,
}

impl Cache {
    /// Kept by input, session, identity and attributes; for one second to 366 days.
    pub const fn per_caller(ttl: Duration) -> Self {
        Self { ttl, shared: false }
    }

    /// Kept by input alone, for all sessions and callers: only for a tool whose output depends on nothing else.
    pub const fn shared(ttl: Duration) -> Self {
        Self { ttl, shared: true }
    }
}
