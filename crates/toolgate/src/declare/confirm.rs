//! What `.confirm(..)` takes: how long a person may take, and which calls are the same question.

use std::{fmt, sync::Arc, time::Duration};

use super::{Condition, KeyOf};
use crate::key::Key;

/// How long a parked call waits for a person, and their approval holds, unless [`Confirm::within`] says otherwise.
pub const DEFAULT_APPROVAL_TTL: Duration = Duration::from_secs(24 * 60 * 60);

/// A person must say yes first, to exactly the input that will run.
///
/// Bedrock Agents asks by itself. On the other wires the call is parked as an approval, if the router's
/// [ledger](crate::RouterBuilder::ledger) has a table for them, and is refused otherwise. What runs after a person's
/// yes is the input that was approved, once: a repeat gets the first reply.
///
/// An approval holds for one identity, else for one session. Which calls are the same question is decided by the key of
/// [`Once`](crate::Once), else by [`by`](Self::by), else by the whole input as it was written.
///
/// ```
/// use toolgate::{Confirm, hours};
///
/// struct CloseAccount { account: String }
///
/// let confirm: Confirm<CloseAccount> = Confirm::within(hours(8));
/// ```
pub struct Confirm<I> {
    pub(crate) within: Duration,
    pub(crate) by: Option<KeyOf<I>>,
    pub(crate) when: Option<Condition<I>>,
}

impl<I> Confirm<I> {
    /// A parked call waits for a person for so long, and their approval ends then too: from one second to 366 days.
    pub const fn within(duration: Duration) -> Self {
        Self { within: duration, by: None, when: None }
    }

    /// Calls are the same question if `by` makes equal keys of their inputs; see [`key`](crate::key()).
    #[must_use]
    pub fn by<F>(mut self, by: F) -> Self
    where
        F: Fn(&I) -> Key + Send + Sync + 'static,
    {
        self.by = Some(Arc::new(by));
        self
    }

    /// Only calls whose input makes `when` true need a person; the others run at once. Without it, every call does.
    ///
    /// Bedrock Agents knows no such condition: the function is registered as one that is confirmed, and the person is
    /// asked about every call of it.
    ///
    /// ```
    /// use toolgate::Confirm;
    ///
    /// struct UpdateAccount { email: Option<String>, phone: Option<String> }
    ///
    /// let confirm = Confirm::default().when(|update: &UpdateAccount| update.email.is_some());
    /// ```
    #[must_use]
    pub fn when<F>(mut self, when: F) -> Self
    where
        F: Fn(&I) -> bool + Send + Sync + 'static,
    {
        self.when = Some(Arc::new(when));
        self
    }
}

/// Within [`DEFAULT_APPROVAL_TTL`].
impl<I> Default for Confirm<I> {
    fn default() -> Self {
        Self::within(DEFAULT_APPROVAL_TTL)
    }
}

impl<I> fmt::Debug for Confirm<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Confirm").field("within", &self.within).finish_non_exhaustive()
    }
}
