//! One effect of a once tool: what identifies it, the proof of its commit, and the record that answers repeats.

use std::{
    borrow::Cow,
    fmt,
    ops::Deref,
    sync::{
        OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, Serializer};
use serde_json::Value;

/// What identifies the one effect of a `.once(..)` call. A ledger stores it beside the effect.
#[derive(Debug)]
pub struct OnceKey {
    id: String,
    ttl: Duration,
    session: Option<String>,
    keeping: Keeping,
    approval: OnceLock<UsedApproval>,
    committed: AtomicBool,
    absent: AtomicBool,
}

/// Who keeps the record, and when it is looked at.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Keeping {
    /// The framework does, under a lease.
    pub(crate) leased: bool,
    /// Before the tool runs.
    pub(crate) looks_first: bool,
}

/// The approval that a call runs under. A ledger that leases uses it up in the same write: one approval, one effect.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UsedApproval {
    /// [`ApprovalRequest::key`](crate::ApprovalRequest::key) of the parked call.
    pub key: String,
    /// The approval's id.
    pub id: String,
}

impl UsedApproval {
    /// The approval `id` of the call that is parked under `key`.
    pub fn new(key: impl Into<String>, id: impl Into<String>) -> Self {
        Self { key: key.into(), id: id.into() }
    }
}

impl OnceKey {
    pub(crate) fn named(id: String, ttl: Duration, session: Option<String>, keeping: Keeping) -> Self {
        Self {
            id,
            ttl,
            session,
            keeping,
            approval: OnceLock::new(),
            committed: AtomicBool::new(false),
            absent: AtomicBool::new(false),
        }
    }

    /// A key by hand, for tests of a ledger: an id, how long a repeat is recognised, and 64 hex digits for the session.
    ///
    /// ```
    /// use toolgate::{OnceKey, hours};
    ///
    /// let key = OnceKey::new("request_refund#one", hours(1), None);
    /// let refund = key.committed(12_500);
    /// assert_eq!(*refund, 12_500);
    /// ```
    pub fn new(id: impl Into<String>, ttl: Duration, session: Option<String>) -> Self {
        Self::named(id.into(), ttl, session, Keeping::default())
    }

    /// The same key, for a call that runs under `approval`.
    #[must_use]
    pub fn under(self, approval: UsedApproval) -> Self {
        self.set_approval(approval);
        self
    }

    /// The ledger's key: the tool's name, `#`, and 64 hex digits over the scope and what identifies the effect. Also fit
    /// as an idempotency key for another service.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// How long a repeat is recognised, from the record's write.
    pub fn ttl(&self) -> Duration {
        self.ttl
    }

    /// 64 hex digits for the session that this call is in, where there is one. A record keeps them, so that a repeat in
    /// another session can be told from one in this.
    pub fn session(&self) -> Option<&str> {
        self.session.as_deref()
    }

    /// The approval that this call runs under, where a person was asked.
    pub fn approval(&self) -> Option<&UsedApproval> {
        self.approval.get()
    }

    /// The proof that a ledger returns when it has committed the effect and its record, together.
    pub fn committed<O>(&self, output: O) -> Committed<O> {
        self.mark_committed();
        Committed(output)
    }

    /// A ledger calls this where it finds the effect committed without having the output: the call is a repeat.
    pub fn mark_committed(&self) {
        self.committed.store(true, Ordering::Release);
    }

    /// A ledger calls this where its own write has looked at the record and found none: then nobody has to look again,
    /// whatever error the tool returns.
    pub fn mark_absent(&self) {
        self.absent.store(true, Ordering::Release);
    }

    pub(crate) fn is_absent(&self) -> bool {
        self.absent.load(Ordering::Acquire)
    }

    pub(crate) fn set_approval(&self, approval: UsedApproval) {
        // a call has one approval
        let _ = self.approval.set(approval);
    }

    pub(crate) fn is_leased(&self) -> bool {
        self.keeping.leased
    }

    pub(crate) fn looks_first(&self) -> bool {
        self.keeping.looks_first
    }

    pub(crate) fn is_committed(&self) -> bool {
        self.committed.load(Ordering::Acquire)
    }
}

/// The record of an effect that has happened, as a ledger found it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Replay {
    /// The first reply.
    pub reply: Value,
    /// When the effect happened, as RFC 3339 in UTC.
    pub first_at: Option<String>,
    /// [`OnceKey::session`] of the call that made the record.
    pub session: Option<String>,
}

impl Replay {
    /// The first reply, of an effect whose time and session are not known.
    pub const fn of(reply: Value) -> Self {
        Self { reply, first_at: None, session: None }
    }

    /// When the effect happened, as RFC 3339 in UTC.
    #[must_use]
    pub fn first_at(mut self, instant: impl Into<String>) -> Self {
        self.first_at = Some(instant.into());
        self
    }

    /// [`OnceKey::session`] of the call that made the record.
    #[must_use]
    pub fn in_session(mut self, session: Option<String>) -> Self {
        self.session = session;
        self
    }
}

/// An output whose effect is committed together with the record of it. A ledger's `commit` makes one, any ledger by
/// [`OnceKey::committed`](crate::OnceKey::committed); a `.once(..)` tool returns it, so a tool that forgets its commit
/// does not compile.
///
/// It is the recorded output, so it can be read and not changed, and there is one of it.
#[must_use = "a `.once(..)` tool returns this: it is its output"]
pub struct Committed<O>(O);

impl<O> Deref for Committed<O> {
    type Target = O;

    fn deref(&self) -> &O {
        &self.0
    }
}

/// As the output itself.
impl<O: Serialize> Serialize for Committed<O> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// As the output itself, under an id that tells a committed output from a plain one.
impl<O: JsonSchema> JsonSchema for Committed<O> {
    fn inline_schema() -> bool {
        O::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        O::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        format!("{COMMITTED}{}", O::schema_id()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        O::json_schema(generator)
    }
}

const COMMITTED: &str = "toolgate::Committed ";

/// Whether `O` is a [`Committed`].
pub(crate) fn is_committed<O: JsonSchema>() -> bool {
    O::schema_id().starts_with(COMMITTED)
}

/// The type and nothing of the output.
impl<O> fmt::Debug for Committed<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Committed").finish_non_exhaustive()
    }
}
