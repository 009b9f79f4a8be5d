//! One effect of a once tool: its key, the proof of its commit, and the record that answers repeats.

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

/// The key of the one effect of a `.once(..)` call. A ledger stores it with the effect.
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

/// Which side keeps the record, and when it is looked up.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Keeping {
    /// The framework keeps the record, under a lease.
    pub(crate) leased: bool,
    /// The record is looked up before the tool runs.
    pub(crate) looks_first: bool,
}

/// The approval under which a call runs. A ledger with leases consumes it in the write of the lease, so that one
/// approval allows one effect.
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

    /// Creates a key directly, for tests of a ledger: an id, how long a repeat is recognised, and 64 hex digits for the
    /// session.
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

    /// The ledger's key: the tool's name, `#`, and 64 hex digits over the scope and the key values. It also works as an
    /// idempotency key for another service.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// How long a repeat is recognised, counted from the write of the record.
    pub fn ttl(&self) -> Duration {
        self.ttl
    }

    /// 64 hex digits for the session of this call, where it has one. A record keeps them, so that a repeat in another
    /// session can be distinguished from a repeat in the same session.
    pub fn session(&self) -> Option<&str> {
        self.session.as_deref()
    }

    /// The approval under which this call runs, where a person was asked.
    pub fn approval(&self) -> Option<&UsedApproval> {
        self.approval.get()
    }

    /// Creates the proof that a ledger returns when it has committed the effect and its record together.
    pub fn committed<O>(&self, output: O) -> Committed<O> {
        self.mark_committed();
        Committed(output)
    }

    /// Marks the call as a repeat. A ledger calls this when it finds that the effect is committed but does not have the
    /// output.
    pub fn mark_committed(&self) {
        self.committed.store(true, Ordering::Release);
    }

    /// Marks the record as absent. A ledger calls this when its own write has checked the record and found none. The
    /// framework then skips its own look-up after an error of the tool.
    pub fn mark_absent(&self) {
        self.absent.store(true, Ordering::Release);
    }

    pub(crate) fn is_absent(&self) -> bool {
        self.absent.load(Ordering::Acquire)
    }

    pub(crate) fn set_approval(&self, approval: UsedApproval) {
        // a call has at most one approval
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

/// The record of an effect that has happened, as the ledger returns it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Replay {
    /// The first reply.
    pub reply: Value,
    /// When the effect happened, as RFC 3339 in UTC.
    pub first_at: Option<String>,
    /// The value of [`OnceKey::session`] in the call that made the record.
    pub session: Option<String>,
}

impl Replay {
    /// A first reply without a time and a session.
    pub const fn of(reply: Value) -> Self {
        Self { reply, first_at: None, session: None }
    }

    /// Sets the time of the effect, as RFC 3339 in UTC.
    #[must_use]
    pub fn first_at(mut self, instant: impl Into<String>) -> Self {
        self.first_at = Some(instant.into());
        self
    }

    /// Sets the value of [`OnceKey::session`] in the call that made the record.
    #[must_use]
    pub fn in_session(mut self, session: Option<String>) -> Self {
        self.session = session;
        self
    }
}

/// An output with an effect that is committed together with its record. A ledger's `commit` returns it; any ledger can
/// create it with [`OnceKey::committed`](crate::OnceKey::committed). A `.once(..)` tool must return it, so a tool that
/// forgets its commit does not compile.
///
/// It is the recorded output. It is read-only and cannot be cloned.
#[must_use = "a `.once(..)` tool returns this: it is its output"]
pub struct Committed<O>(O);

impl<O> Deref for Committed<O> {
    type Target = O;

    fn deref(&self) -> &O {
        &self.0
    }
}

/// Serialises as the output itself.
impl<O: Serialize> Serialize for Committed<O> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// Has the schema of the output, under an id that marks a committed output.
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

/// Shows the type, and nothing of the output.
impl<O> fmt::Debug for Committed<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Committed").finish_non_exhaustive()
    }
}
