//! The trait of the store for the gates with memory: budgets, approvals, and effects that must happen once.
//! `toolgate-dynamodb` implements it. A router gets its ledger from
//! [`RouterBuilder::ledger`](crate::RouterBuilder::ledger).

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    sync::Arc,
    time::{Duration, SystemTime},
};

use serde_json::{Map, Value};

use crate::{budget::BudgetCharge, digest::digest, effect::OnceKey, error::ToolError};

/// The result of a ledger's method. An error goes to the model unchanged, and the tool does not run. A ledger that
/// fails therefore stops the call.
pub type LedgerFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, ToolError>> + Send + 'a>>;

/// A store for the gates that need memory.
///
/// Where a method takes the call's [`OnceKey`], the ledger checks its record in the same request. If the effect has
/// already happened, it returns [`ToolError::replay`].
pub trait Ledger: Send + Sync {
    /// Charges one call to a budget.
    ///
    /// # Errors
    /// `refused`, where the budget is used up. A replay. The ledger's own failure.
    fn charge<'a>(&'a self, charge: &'a BudgetCharge, once: Option<&'a OnceKey>) -> LedgerFuture<'a, ()>;

    /// The state of a call's approval. A call without an approval is parked.
    ///
    /// # Errors
    /// `refused`, where approvals are not available. A replay. The ledger's own failure.
    fn approval<'a>(&'a self, request: &'a ApprovalRequest, once: Option<&'a OnceKey>) -> LedgerFuture<'a, Approval>;

    /// Stores the question whether this call may run, which an MCP client will put to a person. No question is put
    /// where a person has decided about the parked call. The default refuses: the ledger stores no questions.
    ///
    /// # Errors
    /// `refused`, where no person can be asked. A replay. The ledger's own failure.
    fn elicit<'a>(&'a self, request: &'a ApprovalRequest, once: Option<&'a OnceKey>) -> LedgerFuture<'a, Question> {
        let _ = (request, once);
        Box::pin(async {
            Err(ToolError::refused("a person must confirm this call first, and no person can be asked here"))
        })
    }

    /// Records a person's answer to the question `id`, once: the first answer to a question about exactly this call,
    /// with its tool, its caller and its input. Any other id, and a question that has expired, is
    /// [`Unknown`](Answered::Unknown). That is also the default.
    ///
    /// # Errors
    /// The ledger's own failure.
    fn answer<'a>(&'a self, request: &'a ApprovalRequest, id: &'a str, accepted: bool) -> LedgerFuture<'a, Answered> {
        let _ = (request, id, accepted);
        Box::pin(async { Ok(Answered::Unknown) })
    }

    /// Looks up the record of an effect. Returns `Ok` where the effect has not happened.
    ///
    /// # Errors
    /// A replay. `in progress`, where another call has reserved the effect. The ledger's own failure.
    fn find<'a>(&'a self, once: &'a OnceKey) -> LedgerFuture<'a, ()>;

    /// Reserves an effect outside of the ledger until `until`. Until then, no other call can reserve it. Where the call
    /// runs under [an approval](OnceKey::approval), the same write consumes the approval, so that it cannot serve
    /// another effect.
    ///
    /// # Errors
    /// `in progress`, where another call has reserved the effect. A replay. `conflict`, where another effect has used
    /// the approval. The ledger's own failure.
    fn lease<'a>(&'a self, key: &'a OnceKey, until: SystemTime) -> LedgerFuture<'a, Lease>;

    /// Keeps the reply of a leased effect after it has happened.
    ///
    /// # Errors
    /// A replay, where another call has finished the same effect in the meantime. The ledger's own failure.
    fn finish<'a>(&'a self, key: &'a OnceKey, lease: &'a Lease, reply: &'a Value) -> LedgerFuture<'a, ()>;

    /// Releases a lease after the tool has reported that no effect has happened.
    ///
    /// # Errors
    /// The ledger's own failure. The lease then expires by itself.
    fn release<'a>(&'a self, key: &'a OnceKey, lease: &'a Lease) -> LedgerFuture<'a, ()>;
}

/// A call that a person must approve.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ApprovalRequest {
    /// The key of the call: the tool, `#`, and 64 hex digits over session, identity and the fields that identify its
    /// effect.
    pub key: String,
    /// The tool.
    pub tool: String,
    /// The converted input. A person approves exactly this input, and no other input runs.
    pub input: Map<String, Value>,
    /// The session, where there is one.
    pub session: Option<String>,
    /// Declared identity.
    pub caller: BTreeMap<String, String>,
    /// The router's group. Waiting calls are counted per group where neither the caller nor the session is known.
    pub function: String,
    /// How long a parked call waits for a person, and how long the approval is valid.
    pub ttl: Duration,
    /// The time left for this call, if the platform has set a deadline.
    pub remaining: Option<Duration>,
}

impl ApprovalRequest {
    /// Creates a request directly, for tests of a ledger.
    pub fn new(key: impl Into<String>, tool: impl Into<String>, input: Map<String, Value>, ttl: Duration) -> Self {
        let (key, tool) = (key.into(), tool.into());
        let (caller, function) = (BTreeMap::new(), String::new());
        Self { key, tool, input, session: None, caller, function, ttl, remaining: None }
    }

    /// 64 hex digits over the data that a person is shown: the tool, its input and the caller. A decision is valid only
    /// for this data. Stored decisions contain the digest, so its format must never change.
    pub fn digest_of(tool: &str, input: &Map<String, Value>, caller: &BTreeMap<String, String>) -> String {
        let mut input = Value::Object(input.clone());
        input.sort_all_objects();
        digest(&["approval", tool, &input.to_string(), &serde_json::json!(caller).to_string()])
    }

    /// The digest of this call with another input, for example the parked input.
    pub fn digest_with(&self, input: &Map<String, Value>) -> String {
        Self::digest_of(&self.tool, input, &self.caller)
    }

    /// The scope in which waiting calls are counted: 64 hex digits over the identity, or else the session, or else the
    /// function.
    pub fn waiting_scope(&self) -> String {
        match &self.session {
            _ if !self.caller.is_empty() => digest(&["identity", &serde_json::json!(self.caller).to_string()]),
            Some(session) => digest(&["session", session]),
            None => digest(&["function", &self.function]),
        }
    }
}

/// The state of a call's approval.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Approval {
    /// The call waits for a decision.
    Waiting {
        /// The approval's id.
        id: String,
    },
    /// A person has denied the call.
    Denied {
        /// The approval's id.
        id: String,
    },
    /// A person has approved the call.
    Approved {
        /// The approval's id.
        id: String,
        /// The input that was approved.
        input: Map<String, Value>,
    },
}

/// The result of [`Ledger::elicit`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Question {
    /// The client asks its person.
    Asked {
        /// The question's id: a text that nobody can guess.
        id: String,
    },
    /// A person has decided about this call where it was parked, so the client does not ask.
    Decided(Approval),
    /// The caller has too many open questions. The call is parked.
    TooMany,
}

/// The result of [`Ledger::answer`].
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Answered {
    /// No open question about this call has this id. Nothing is recorded.
    Unknown,
    /// The answer is recorded.
    Recorded {
        /// The approval's id, where the same call is also parked and has not run. The effect of a yes belongs to this
        /// approval, so that a later decision about the parked call does not allow a second effect.
        parked: Option<String>,
    },
    /// A person has decided about this call where it was parked, after the question was put. The decision is valid.
    /// The question is closed, and its answer does not count.
    Decided(Approval),
}

/// The right to run one effect; see [`Ledger::lease`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Distinguishes this lease from a later lease of the same effect.
    pub token: String,
}

/// Finds the ledger in a router's state, if the router declares one.
pub(crate) struct LedgerOf<S>(Option<Arc<FindLedger<S>>>);

type FindLedger<S> = dyn (Fn(&S) -> &dyn Ledger) + Send + Sync;

impl<S> LedgerOf<S> {
    pub(crate) const NONE: Self = Self(None);

    pub(crate) fn by(find: impl (Fn(&S) -> &dyn Ledger) + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(find)))
    }

    pub(crate) fn is_named(&self) -> bool {
        self.0.is_some()
    }

    /// The ledger. `build()` checks that there is one where a gate needs it.
    pub(crate) fn of<'a>(&self, state: &'a S) -> Result<&'a dyn Ledger, ToolError> {
        let find = self.0.as_ref().ok_or_else(|| ToolError::internal("the router has no ledger"))?;
        Ok(find(state))
    }
}

impl<S> Clone for LedgerOf<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stored_digests_never_change() {
        let input = |text: &str| serde_json::from_str(text).unwrap();
        let caller = BTreeMap::from([("customerId".to_owned(), "CUST-1".to_owned())]);
        let digest =
            ApprovalRequest::digest_of("pay", &input(r#"{"b":[1,2.50,"x"],"a":{"d":null,"c":true}}"#), &caller);
        assert_eq!(digest, "14807a6cc70f26df9f9ccdc9f3b6132d2e85196a2935c18ecfd747a1ce2a8905");
        let again = input(r#"{"a": {"c": true, "d": null}, "b": [1, 2.5, "x"]}"#);
        assert_eq!(ApprovalRequest::digest_of("pay", &again, &caller), digest, "the order of members does not count");
        for (tool, text, caller) in [
            ("pay2", r#"{"a":1}"#, BTreeMap::new()),
            ("pay", r#"{"a":2}"#, BTreeMap::new()),
            ("pay", r#"{"a":"1"}"#, BTreeMap::new()),
            ("pay", r#"{"a":1}"#, caller.clone()),
        ] {
            let one = ApprovalRequest::digest_of("pay", &input(r#"{"a":1}"#), &BTreeMap::new());
            assert_ne!(ApprovalRequest::digest_of(tool, &input(text), &caller), one, "{tool} {text}");
        }
    }

    #[test]
    fn waiting_calls_are_counted_by_identity_else_session_else_function() {
        let mut request = ApprovalRequest::new("k", "pay", Map::new(), Duration::from_secs(1));
        request.function = "bank".to_owned();
        let by_function = request.waiting_scope();
        request.session = Some("s-1".to_owned());
        let by_session = request.waiting_scope();
        request.caller = BTreeMap::from([("customerId".to_owned(), "CUST-1".to_owned())]);
        let by_identity = request.waiting_scope();
        assert!(by_function != by_session && by_session != by_identity && by_identity != by_function);
        request.session = Some("s-2".to_owned());
        request.function = "other".to_owned();
        assert_eq!(request.waiting_scope(), by_identity, "in any session and function");
    }
}
