//! What `.once(..)` takes: which calls are one effect, for how long, and who keeps the record.

use std::{fmt, marker::PhantomData, sync::Arc, time::Duration};

use serde::Serialize;

use super::KeyOf;
use crate::{
    effect::{Committed, Keeping},
    key::{Key, key},
};

/// How long a repeat is recognised, unless [`Once::ttl`] says otherwise.
pub const DEFAULT_ONCE_TTL: Duration = Duration::from_secs(24 * 60 * 60);

/// The effect of a tool happens once, however often the call is repeated and in whatever spelling.
///
/// Two calls are one effect if their keys are equal and they are in one scope: the declared identity where there is
/// one, else the session, else the approval under which the call runs. A call that has none of them is refused.
///
/// Choose the key from what makes the effect another one, and the duration longer than a call can come back. A repeat
/// within it gets the first reply, even if the effect was undone meanwhile: with the key "order and amount", a refund
/// that was reversed by hand and is asked for again is told of the first one. Where that matters, put what tells the
/// two apart (a charge, a case number) into the key.
///
/// ```
/// use toolgate::{Once, hours, key};
///
/// struct RequestRefund { order_id: String, amount: f64 }
///
/// let once = Once::by(|refund: &RequestRefund| key((&refund.order_id, refund.amount))).ttl(hours(24));
/// ```
///
/// `K` is who keeps the record: [`Commits`], the tool's own commit, or [`Leases`], the framework.
pub struct Once<I, K = Commits> {
    pub(crate) by: KeyOf<I>,
    pub(crate) ttl: Duration,
    pub(crate) keeping: Keeping,
    keeper: PhantomData<K>,
}

/// What `.once(..)` says beside the key.
#[derive(Clone, Copy)]
pub(crate) struct OnceOptions {
    pub(crate) ttl: Duration,
    pub(crate) keeping: Keeping,
}

/// The tool commits its effect together with the record of it, and returns [`Committed`].
#[derive(Debug, Clone, Copy)]
pub enum Commits {}

/// The effect is outside of the ledger: the tool runs under a lease, and the framework keeps its reply.
#[derive(Debug, Clone, Copy)]
pub enum Leases {}

impl<I> Once<I> {
    /// Calls are one effect if `by` makes equal keys of their inputs; see [`key`].
    pub fn by<F>(by: F) -> Self
    where
        F: Fn(&I) -> Key + Send + Sync + 'static,
    {
        Self { by: Arc::new(by), ttl: DEFAULT_ONCE_TTL, keeping: Keeping::default(), keeper: PhantomData }
    }

    /// Calls are one effect if all of their input is equal. A reworded sentence makes another effect, so this is for
    /// inputs without free text.
    pub fn input() -> Self
    where
        I: Serialize,
    {
        Self::by(|input| key(input))
    }

    /// The effect is outside of DynamoDB: a payment service, say. Instead of committing, the tool runs under a lease
    /// that ends with the function's deadline; its reply is kept by the router's
    /// [ledger](crate::RouterBuilder::ledger) and answers repeats. While the first call runs, a repeat gets "already in
    /// progress".
    ///
    /// A crash between the effect and the kept reply makes the next repeat run again, so hand
    /// [`OnceKey::id`](crate::OnceKey::id) to the other system as its idempotency key: it is the same in every repeat.
    /// An error of kind `invalid`, `refused`, `not found` or `conflict` must mean that nothing has happened.
    #[must_use]
    pub fn leased(self) -> Once<I, Leases> {
        let Self { by, ttl, keeping, .. } = self;
        Once { by, ttl, keeping: Keeping { leased: true, ..keeping }, keeper: PhantomData }
    }
}

impl<I, K> Once<I, K> {
    /// How long a repeat is recognised: from one second to 366 days, default [`DEFAULT_ONCE_TTL`]. It may not be shorter
    /// than an approval holds ([`Confirm::within`](crate::Confirm::within)).
    #[must_use]
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// Looks the record up before the tool runs, which costs one read more: for a tool that reads, judges and then
    /// writes, and should not do that work for a repeat. Without it the commit finds the record, and where the tool has
    /// returned an error the record is looked up before the error leaves, so a repeat gets the first reply either way.
    #[must_use]
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

/// Who keeps the record of an effect, for a tool that returns `O`: [`Commits`] where that is [`Committed`], [`Leases`]
/// for a plain output.
#[diagnostic::on_unimplemented(
    message = "a `.once(..)` tool returns `Committed<..>`, and this one returns `{O}`",
    label = "this tool's effect and its record are not committed together",
    note = "return what the ledger's `commit` gives: `async fn(..) -> Result<Committed<Output>, ToolError>`",
    note = "if the effect is outside of the ledger, declare it so: `Once::by(..).leased()`"
)]
pub trait OnceKeeper<O> {}

impl<O> OnceKeeper<Committed<O>> for Commits {}

// a `Committed` under a lease is an error of `build()`
impl<O> OnceKeeper<O> for Leases {}
