//! The argument of `.once(..)`: which calls are one effect, for how long, and which side keeps the record.

use std::{fmt, marker::PhantomData, sync::Arc, time::Duration};

use serde::Serialize;

use super::KeyOf;
use crate::{
    effect::{Committed, Keeping},
    key::{Key, key},
};

/// Default for how long a repeat is recognised. [`Once::ttl`] changes it.
pub const DEFAULT_ONCE_TTL: Duration = Duration::from_secs(24 * 60 * 60);

/// The effect of a tool happens once, however often the call is repeated, and however its input is spelled.
///
/// Two calls are one effect if their keys are equal and they have the same scope. The scope is the declared identity,
/// or else the session, or else the approval under which the call runs. A call that has none of these is refused.
///
/// Include in the key all values that make an effect a different one. Choose a duration that is longer than the time in
/// which a call can be repeated. A repeat within the duration gets the first reply, even if the effect has been undone
/// since. Example: the key is the order and the amount, and a refund is reversed by hand. A second request for the same
/// refund then gets the first reply. If that matters, add a value to the key that differs between the two, such as a
/// charge or a case number.
///
/// ```
/// use toolgate::{Once, hours, key};
///
/// struct RequestRefund { order_id: String, amount: f64 }
///
/// let once = Once::by(|refund: &RequestRefund| key((&refund.order_id, refund.amount))).ttl(hours(24));
/// ```
///
/// `K` says which side keeps the record: [`Commits`], the tool with its own commit, or [`Leases`], the framework.
#[must_use]
pub struct Once<I, K = Commits> {
    pub(crate) by: KeyOf<I>,
    pub(crate) ttl: Duration,
    pub(crate) keeping: Keeping,
    keeper: PhantomData<K>,
}

/// The settings of `.once(..)` other than the key.
#[derive(Clone, Copy)]
pub(crate) struct OnceOptions {
    pub(crate) ttl: Duration,
    pub(crate) keeping: Keeping,
}

/// The tool commits its effect together with its record, and returns [`Committed`].
#[derive(Debug, Clone, Copy)]
pub enum Commits {}

/// The effect is outside of the ledger. The tool runs under a lease, and the framework keeps its reply.
#[derive(Debug, Clone, Copy)]
pub enum Leases {}

impl<I> Once<I> {
    /// Calls are one effect if `by` returns equal keys for their inputs; see [`key`].
    pub fn by<F>(by: F) -> Self
    where
        F: Fn(&I) -> Key + Send + Sync + 'static,
    {
        Self { by: Arc::new(by), ttl: DEFAULT_ONCE_TTL, keeping: Keeping::default(), keeper: PhantomData }
    }

    /// Calls are one effect if their whole inputs are equal. A reworded sentence makes another effect, so use this only
    /// for inputs without free text.
    pub fn input() -> Self
    where
        I: Serialize,
    {
        Self::by(|input| key(input))
    }

    /// Declares that the effect is outside of DynamoDB, for example in a payment service. The tool does not commit. It
    /// runs under a lease that ends with the function's deadline. The router's [ledger](crate::RouterBuilder::ledger)
    /// keeps the reply and answers repeats with it. While the first call runs, a repeat gets the error "already in
    /// progress".
    ///
    /// If the function crashes between the effect and the write of the reply, the next repeat runs the tool again.
    /// Therefore pass [`OnceKey::id`](crate::OnceKey::id) to the other system as its idempotency key. It is the same in
    /// every repeat. An error of kind `invalid`, `refused`, `not found` or `conflict` must mean that no effect has
    /// happened.
    pub fn leased(self) -> Once<I, Leases> {
        let Self { by, ttl, keeping, .. } = self;
        Once { by, ttl, keeping: Keeping { leased: true, ..keeping }, keeper: PhantomData }
    }
}

impl<I, K> Once<I, K> {
    /// Sets how long a repeat is recognised: one second to 366 days, default [`DEFAULT_ONCE_TTL`]. It must not be
    /// shorter than the time for which an approval is valid ([`Confirm::within`](crate::Confirm::within)).
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// Looks up the record before the tool runs, at the cost of one more read. Use it for a tool that reads, decides
    /// and then writes, and that should skip this work for a repeat. Without it, the commit finds the record. If the
    /// tool returns an error, the record is looked up before the error is returned. A repeat gets the first reply in
    /// all cases.
    pub fn look_first(mut self) -> Self {
        self.keeping.looks_first = true;
        self
    }
}

impl<I, K> fmt::Debug for Once<I, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once").field("ttl", &self.ttl).field("keeping", &self.keeping).finish_non_exhaustive()
    }
}

/// Which side keeps the record of an effect, for a tool that returns `O`: [`Commits`] if `O` is [`Committed`],
/// [`Leases`] if `O` is a plain output.
#[diagnostic::on_unimplemented(
    message = "a `.once(..)` tool returns `Committed<..>`, and this one returns `{O}`",
    label = "this tool's effect and its record are not committed together",
    note = "return what the ledger's `commit` gives: `async fn(..) -> Result<Committed<Output>, ToolError>`",
    note = "if the effect is outside of the ledger, declare it so: `Once::by(..).leased()`"
)]
pub trait OnceKeeper<O> {}

impl<O> OnceKeeper<Committed<O>> for Commits {}

// `build()` rejects a `Committed` under a lease
impl<O> OnceKeeper<O> for Leases {}
