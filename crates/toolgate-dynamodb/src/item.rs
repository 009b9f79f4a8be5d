//! Reading and writing the attributes of an item, and the clock that judges their ends.

use std::{
    collections::HashMap,
    time::{SystemTime, UNIX_EPOCH},
};

use aws_sdk_dynamodb::types::AttributeValue;

pub(crate) type Item = HashMap<String, AttributeValue>;

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// Reads attributes; what is missing or of another type is `None`.
pub(crate) trait Read {
    fn text(&self, name: &str) -> Option<&str>;
    fn number(&self, name: &str) -> Option<u64>;

    /// Whether the item has ended. DynamoDB deletes what has ended late, so our own clock judges; the conditions say
    /// the same: `expiresAt < :now`.
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

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    now_millis() / 1000
}

/// Milliseconds since 1970.
pub(crate) fn now_millis() -> u64 {
    millis(SystemTime::now())
}

pub(crate) fn millis(time: SystemTime) -> u64 {
    let millis = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    u64::try_from(millis).unwrap_or(u64::MAX)
}
