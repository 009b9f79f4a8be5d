//! What one session may use: calls of tools, and US dollars.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    config,
    digest::{Digest, digest},
};

/// What one session may use. A session is its id and the declared identity, or the identity alone where there is no
/// id; a call with neither is refused, since nobody could count it.
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

/// A budget begins anew after this, unless [`Budget::window`] says otherwise. Bedrock's sessions end earlier.
const WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

impl Budget {
    const NONE: Self = Self { calls: None, usd: None, window: WINDOW };

    /// At most `n` calls of tools.
    pub const fn calls(n: u64) -> Self {
        Self { calls: Some(n), ..Self::NONE }
    }

    /// At most this cost. Tools cost nothing by themselves: what an agent's models cost is added to the session's budget
    /// by whoever reads it from the traces.
    pub const fn usd(limit: Usd) -> Self {
        Self { usd: Some(limit), ..Self::NONE }
    }

    /// Adds a limit on cost, see [`usd`](Self::usd).
    #[must_use]
    pub const fn and_usd(mut self, limit: Usd) -> Self {
        self.usd = Some(limit);
        self
    }

    /// After how long, counted from its first call, a session's budget begins anew (default: a day).
    #[must_use]
    pub const fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// The most calls.
    pub const fn max_calls(&self) -> Option<u64> {
        self.calls
    }

    /// The most cost.
    pub const fn max_usd(&self) -> Option<Usd> {
        self.usd
    }

    /// How long a session's budget lasts.
    pub const fn window_length(&self) -> Duration {
        self.window
    }

    /// The budget of the environment, over `declared`: `TOOLGATE_BUDGET_CALLS` and `TOOLGATE_BUDGET_USD`. Empty is unset.
    ///
    /// # Errors
    /// A variable is not a number.
    pub(crate) fn from_env(declared: Option<Self>) -> Result<Option<Self>, String> {
        let mut budget = declared.unwrap_or(Self::NONE);
        budget.calls = config::whole_number(config::BUDGET_CALLS)?.or(budget.calls);
        budget.usd = config::value(config::BUDGET_USD)?.or(budget.usd);
        Ok((budget.calls.is_some() || budget.usd.is_some()).then_some(budget))
    }
}

/// What a call costs its session.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct BudgetCharge {
    /// Names the budget: `budget#` and 64 hex digits over session and identity.
    pub id: String,
    /// What may be used.
    pub budget: Budget,
    /// The time left for this call, if the platform set a deadline.
    pub remaining: Option<Duration>,
}

impl BudgetCharge {
    /// The name of a session's budget, as the gates count it; `None` where nobody can be counted.
    pub fn id_of(session: Option<&str>, identity: &BTreeMap<String, String>) -> Option<String> {
        if session.is_none() && identity.is_empty() {
            return None;
        }
        let session = session.map_or_else(String::new, |id| digest(&["session", id]));
        Some(format!("budget#{}", Digest::default().part(session).members(identity.iter()).hex()))
    }

    /// A charge by hand, for tests of a store.
    pub fn new(id: impl Into<String>, budget: Budget, remaining: Option<Duration>) -> Self {
        Self { id: id.into(), budget, remaining }
    }
}

/// US dollars, to the millionth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Usd(u64);

impl Usd {
    /// Millionths of a dollar.
    pub const fn micros(micros: u64) -> Self {
        Self(micros)
    }

    /// In millionths of a dollar.
    pub const fn to_micros(self) -> u64 {
        self.0
    }
}

/// A text is not a valid amount of US dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct UsdError;

impl std::fmt::Display for UsdError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an amount of US dollars has digits, and up to six places after a dot: `10.00`")
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
