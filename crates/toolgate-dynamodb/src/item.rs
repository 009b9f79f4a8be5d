//! Reads and writes the attributes of an item. The clock that decides whether an item has expired.

use std::{
    collections::HashMap,
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use aws_sdk_dynamodb::{
    primitives::{DateTime, DateTimeFormat},
    types::AttributeValue,
};

pub(crate) type Item = HashMap<String, AttributeValue>;

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A second since 1970 as RFC 3339 in UTC.
pub(crate) fn instant(seconds: u64) -> Option<String> {
    DateTime::from_secs(i64::try_from(seconds).ok()?).fmt(DateTimeFormat::DateTime).ok()
}

/// Reads attributes. A missing attribute, or one of another type, is `None`.
pub(crate) trait Read {
    fn text(&self, name: &str) -> Option<&str>;
    fn number(&self, name: &str) -> Option<u64>;

    /// Whether the item has expired. DynamoDB deletes expired items late, so our own clock decides. The write
    /// conditions use the same rule: `expiresAt < :now`.
    fn has_ended(&self, now: u64) -> bool {
        self.number("expiresAt").is_some_and(|at| at < now)
    }
}

impl Read for Item {
    fn text(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_s().ok().map(String::as_str)
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.as_n().ok()?.parse().ok()
    }
}

/// The clock that decides about expiry. Tests can move it. A deployed function uses the system's clock.
#[derive(Clone)]
pub(crate) struct Clock(Arc<dyn Fn() -> SystemTime + Send + Sync>);

impl Clock {
    pub(crate) fn of(now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// Seconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        self.now_millis() / 1000
    }

    /// Milliseconds since 1970.
    pub(crate) fn now_millis(&self) -> u64 {
        millis(self.time())
    }

    pub(crate) fn time(&self) -> SystemTime {
        (self.0)()
    }

    /// The second since 1970 at which a duration that starts now ends. It saturates, so it is never before now.
    pub(crate) fn end_of(&self, ttl: Duration) -> u64 {
        self.now().saturating_add(ttl.as_secs())
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::of(SystemTime::now)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clock").finish_non_exhaustive()
    }
}

pub(crate) fn millis(time: SystemTime) -> u64 {
    let millis = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    u64::try_from(millis).unwrap_or(u64::MAX)
}
