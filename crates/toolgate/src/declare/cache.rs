//! The argument of `.cache(..)`: the duration and the scope of cached outputs.

use std::time::Duration;

/// Caches the outputs of a read-only tool in the warm instance. The output of a call that sets an attribute is not
/// cached.
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
    /// One cache for all sessions and callers.
    pub(crate) shared: bool,
}

impl Cache {
    /// Caches by input, session, identity and attributes. The duration is one second to 366 days.
    pub const fn per_caller(ttl: Duration) -> Self {
        Self { ttl, shared: false }
    }

    /// Caches by input only, for all sessions and callers. Use it only for a tool with an output that depends on
    /// nothing else.
    pub const fn shared(ttl: Duration) -> Self {
        Self { ttl, shared: true }
    }
}
