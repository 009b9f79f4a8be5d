//! The limits of one session: the number of tool calls, and the cost in US dollars.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    config,
    digest::{Digest, digest},
};

/// The limits of one session. The session id and the declared identity together name a session. Where a call has no
/// session id, the identity alone names it. A call that has neither is refused, because its use cannot be counted.
///
/// ```
/// use toolgate::Budget;
///
/// let budget = Budget::calls(200).and_usd("10.00".parse()?);
/// assert_eq!(budget.max_calls(), Some(200));
/// # Ok::<(), toolgate::UsdError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    calls: Option<u64>,
    usd: Option<Usd>,
    window: Duration,
}

/// Default window of a budget. [`Budget::window`] changes it. Bedrock's sessions end earlier.
const WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

impl Budget {
    const NONE: Self = Self { calls: None, usd: None, window: WINDOW };

    /// Limits the number of tool calls to `n`.
    pub const fn calls(n: u64) -> Self {
        Self { calls: Some(n), ..Self::NONE }
    }

    /// Limits the cost. Tools cost nothing by themselves. The application reads the cost of an agent's models from the
    /// traces and adds it to the session's budget.
    pub const fn usd(limit: Usd) -> Self {
        Self { usd: Some(limit), ..Self::NONE }
    }

    /// Adds a limit on the cost; see [`usd`](Self::usd).
    #[must_use]
    pub const fn and_usd(mut self, limit: Usd) -> Self {
        self.usd = Some(limit);
        self
    }

    /// Sets the time after which a session's budget starts again, counted from the session's first call (default: 24
    /// hours).
    #[must_use]
    pub const fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// The maximum number of calls.
    pub const fn max_calls(&self) -> Option<u64> {
        self.calls
    }

    /// The maximum cost.
    pub const fn max_usd(&self) -> Option<Usd> {
        self.usd
    }

    /// The time after which a session's budget starts again.
    pub const fn window_length(&self) -> Duration {
        self.window
    }

    /// The budget from the environment, which overrides `declared`: `TOOLGATE_BUDGET_CALLS` and `TOOLGATE_BUDGET_USD`.
    /// An empty variable counts as unset.
    ///
    /// # Errors
    /// A variable is not a valid number.
    pub(crate) fn from_env(declared: Option<Self>) -> Result<Option<Self>, String> {
        let mut budget = declared.unwrap_or(Self::NONE);
        budget.calls = config::whole_number(config::BUDGET_CALLS)?.or(budget.calls);
        budget.usd = config::value(config::BUDGET_USD)?.or(budget.usd);
        Ok((budget.calls.is_some() || budget.usd.is_some()).then_some(budget))
    }
}

/// The charge of one call against its session's budget.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct BudgetCharge {
    /// Names the budget: `budget#` and 64 hex digits over session and identity.
    pub id: String,
    /// The limits.
    pub budget: Budget,
    /// The time left for this call, if the platform has set a deadline.
    pub remaining: Option<Duration>,
}

impl BudgetCharge {
    /// The id of a session's budget, as the gates use it. `None` where the call has neither a session nor an identity.
    pub fn id_of(session: Option<&str>, identity: &BTreeMap<String, String>) -> Option<String> {
        if session.is_none() && identity.is_empty() {
            return None;
        }
        let session = session.map_or_else(String::new, |id| digest(&["session", id]));
        Some(format!("budget#{}", Digest::default().part(session).members(identity.iter()).hex()))
    }

    /// Creates a charge directly, for tests of a ledger.
    pub fn new(id: impl Into<String>, budget: Budget, remaining: Option<Duration>) -> Self {
        Self { id: id.into(), budget, remaining }
    }
}

/// US dollars, in millionths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Usd(u64);

impl Usd {
    /// An amount in millionths of a dollar.
    pub const fn micros(micros: u64) -> Self {
        Self(micros)
    }

    /// The amount in millionths of a dollar.
    pub const fn to_micros(self) -> u64 {
        self.0
    }
}

/// The text is not a valid amount of US dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct UsdError;

impl std::fmt::Display for UsdError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an amount of US dollars has digits and at most six decimal places: `10.00`")
    }
}

impl std::error::Error for UsdError {}

impl std::str::FromStr for Usd {
    type Err = UsdError;

    fn from_str(text: &str) -> Result<Self, UsdError> {
        let (whole, places) = text.trim().split_once('.').unwrap_or((text.trim(), "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(places) || places.len() > 6 {
            return Err(UsdError);
        }
        let read = |text: &str| text.parse::<u64>().map_err(|_| UsdError);
        let micros = read(whole)?
            .checked_mul(1_000_000)
            .and_then(|micros| micros.checked_add(read(&format!("{places:0<6}")).ok()?));
        micros.map(Self).ok_or(UsdError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_read_exactly() {
        for (text, micros) in [("10", 10_000_000), ("10.00", 10_000_000), ("0.000001", 1), ("1.5", 1_500_000)] {
            assert_eq!(text.parse(), Ok(Usd::micros(micros)), "{text}");
        }
        for text in ["", ".", "1.", ".5", "-1", "1e3", "1.0000001", "99999999999999999999", "ten"] {
            assert_eq!(text.parse::<Usd>(), Err(UsdError), "{text}");
        }
    }
}
