//! The argument of `.confirm(..)`: how long an approval is valid, and which calls share one approval.

use std::{fmt, sync::Arc, time::Duration};

use super::{Condition, KeyOf};
use crate::key::Key;

/// Default for how long a parked call waits for a person, and how long the approval is valid. [`Confirm::within`]
/// changes it.
pub const DEFAULT_APPROVAL_TTL: Duration = Duration::from_secs(24 * 60 * 60);

/// A person must approve the call first. The approval is for exactly the input that will run.
///
/// Bedrock Agents asks the person by itself. On the other wires the call is parked as an approval, if the router's
/// [ledger](crate::RouterBuilder::ledger) has a table for approvals. Otherwise the call is refused. After the approval,
/// the approved input runs once. A repeat gets the first reply.
///
/// An approval is valid for one identity, or else for one session. The key decides which calls share one approval: the
/// key of [`Once`](crate::Once), or else the key of [`by`](Self::by), or else the whole input as it was written.
///
/// ```
/// use toolgate::{Confirm, hours};
///
/// struct CloseAccount { account: String }
///
/// let confirm: Confirm<CloseAccount> = Confirm::within(hours(8));
/// ```
#[must_use]
pub struct Confirm<I> {
    pub(crate) within: Duration,
    pub(crate) by: Option<KeyOf<I>>,
    pub(crate) when: Option<Condition<I>>,
}

impl<I> Confirm<I> {
    /// Sets how long a parked call waits for a person. The approval expires at the same time. The duration is one
    /// second to 366 days.
    pub const fn within(duration: Duration) -> Self {
        Self { within: duration, by: None, when: None }
    }

    /// Calls share one approval if `by` returns equal keys for their inputs; see [`key`](crate::key()).
    pub fn by<F>(mut self, by: F) -> Self
    where
        F: Fn(&I) -> Key + Send + Sync + 'static,
    {
        self.by = Some(Arc::new(by));
        self
    }

    /// Only calls with an input for which `when` returns true need a person. The other calls run at once. Without
    /// `when`, every call needs a person.
    ///
    /// Bedrock Agents does not support such a condition. The function is registered with confirmation, and the person
    /// is asked about every call of it.
    ///
    /// ```
    /// use toolgate::Confirm;
    ///
    /// struct UpdateAccount { email: Option<String>, phone: Option<String> }
    ///
    /// let confirm = Confirm::default().when(|update: &UpdateAccount| update.email.is_some());
    /// ```
    pub fn when<F>(mut self, when: F) -> Self
    where
        F: Fn(&I) -> bool + Send + Sync + 'static,
    {
        self.when = Some(Arc::new(when));
        self
    }
}

/// Uses [`DEFAULT_APPROVAL_TTL`].
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
