//! The one clock of the desk.

use jiff::{Timestamp, civil::DateTime, tz::Offset};

/// The real time, or one fixed instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clock {
    fixed: Option<Timestamp>,
}

impl Clock {
    /// The environment variable that fixes the time.
    pub const VARIABLE: &'static str = "SUPPORT_DESK_NOW";

    /// The real time.
    pub const fn real() -> Self {
        Self { fixed: None }
    }

    /// A fixed time.
    pub const fn fixed(at: Timestamp) -> Self {
        Self { fixed: Some(at) }
    }

    /// The time in `SUPPORT_DESK_NOW`, such as `2026-11-20T12:00:00Z`, or the real time if it is not set.
    ///
    /// # Errors
    /// The variable is not a valid RFC 3339 instant.
    pub fn from_env() -> Result<Self, String> {
        match std::env::var(Self::VARIABLE).ok().filter(|text| !text.is_empty()) {
            None => Ok(Self::real()),
            Some(text) => text.parse().map(Self::fixed).map_err(|_| {
                format!("{} must be an instant such as 2026-11-20T12:00:00Z, not `{text}`", Self::VARIABLE)
            }),
        }
    }

    /// The current time, to the second.
    pub fn now(&self) -> Timestamp {
        let now = self.fixed.unwrap_or_else(Timestamp::now);
        Timestamp::from_second(now.as_second()).unwrap_or(now)
    }

    /// The current time, in UTC.
    pub(crate) fn utc(&self) -> DateTime {
        Offset::UTC.to_datetime(self.now())
    }
}
