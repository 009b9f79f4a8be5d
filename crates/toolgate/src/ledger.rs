//! The trait of the store behind the gates with memory: budgets, approvals, and effects that must happen once.
//! `toolgate-dynamodb` implements it; a router gets its ledger by
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

/// A store's answer. An error goes to the model as it is, and the tool does not run: a store that cannot answer stops
/// the call.
pub type LedgerFuture<'a, T> = Pin<Box<dyn Future<Output = Result<T, ToolError>> + Send + 'a>>;

/// A store behind the gates that need memory.
///
/// Where a method takes the [`OnceKey`] of the call, a store looks at its record in the same request: a call whose
/// effect has happened is answered by [`ToolError::replay`].
pub trait Ledger: Send + Sync {
    /// Counts one call against a budget.
    ///
    /// # Errors
    /// `refused`, where the budget is used up; a replay; what a store that fails says.
    fn charge<'a>(&'a self, charge: &'a BudgetCharge, once: Option<&'a OnceKey>) -> LedgerFuture<'a, ()>;

    /// What a person said of a call; a call that nobody has been asked about is parked.
    ///
    /// # Errors
    /// `refused`, where there is nobody to ask; a replay; what a store that fails says.
    fn approval<'a>(&'a self, request: &'a ApprovalRequest, once: Option<&'a OnceKey>) -> LedgerFuture<'a, Approval>;

    /// Looks for the record of an effect; `Ok` where it has not happened.
    ///
    /// # Errors
    /// A replay; `in progress`, where another call has reserved it; what a store that fails says.
    fn find<'a>(&'a self, once: &'a OnceKey) -> LedgerFuture<'a, ()>;

    /// Reserves an effect outside of the store until `until`: nobody else gets it before. Where the
    /// call runs under [an approval](OnceKey::approval), the same write uses it up: no other effect gets it.
    ///
    /// # Errors
    /// `in progress`, where another call has reserved it; a replay; `conflict`, where another effect has used the approval;
    /// what a store that fails says.
    fn lease<'a>(&'a self, key: &'a OnceKey, until: SystemTime) -> LedgerFuture<'a, Lease>;

    /// Keeps the reply of a leased effect that has happened.
    ///
    /// # Errors
    /// A replay, where another call has done the same meanwhile; what a store that fails says.
    fn finish<'a>(&'a self, key: &'a OnceKey, lease: &'a Lease, reply: &'a Value) -> LedgerFuture<'a, ()>;

    /// Gives a lease back whose effect has not happened.
    ///
    /// # Errors
    /// What a store that fails says; the lease then ends by itself.
    fn release<'a>(&'a self, key: &'a OnceKey, lease: &'a Lease) -> LedgerFuture<'a, ()>;
}

/// A call that a person has to approve.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ApprovalRequest {
    /// Names the call: the tool, `#`, and 64 hex digits over session, identity and the fields that identify its effect.
    pub key: String,
    /// The tool.
    pub tool: String,
    /// The input as it was understood. What a person approves is this, and nothing else runs.
    pub input: Map<String, Value>,
    /// The session, where there is one.
    pub session: Option<String>,
    /// Declared identity.
    pub caller: BTreeMap<String, String>,
    /// The router's group: whose waiting calls are counted where neither caller nor session is known.
    pub function: String,
    /// How long a person may take, and their approval holds.
    pub ttl: Duration,
    /// The time left for this call, if the platform told.
    pub remaining: Option<Duration>,
}

impl ApprovalRequest {
    /// A request by hand, for tests of a store.
    pub fn new(key: impl Into<String>, tool: impl Into<String>, input: Map<String, Value>, ttl: Duration) -> Self {
        let (key, tool) = (key.into(), tool.into());
        let (caller, function) = (BTreeMap::new(), String::new());
        Self { key, tool, input, session: None, caller, function, ttl, remaining: None }
    }

    /// 64 hex digits over what a person is shown: a tool, its input, and whose call it is. A decision holds for these
    /// alone. Stored decisions have it, so it never changes.
    pub fn digest_of(tool: &str, input: &Map<String, Value>, caller: &BTreeMap<String, String>) -> String {
        let mut input = Value::Object(input.clone());
        input.sort_all_objects();
        digest(&["approval", tool, &input.to_string(), &serde_json::json!(caller).to_string()])
    }

    /// The digest of this call with another input: the one that was parked, say.
    pub fn digest_with(&self, input: &Map<String, Value>) -> String {
        Self::digest_of(&self.tool, input, &self.caller)
    }

    /// Names whose waiting calls are counted together: 64 hex digits over the identity, else the session, else the
    /// function.
    pub fn waiting_scope(&self) -> String {
        match &self.session {
            _ if !self.caller.is_empty() => digest(&["identity", &serde_json::json!(self.caller).to_string()]),
            Some(session) => digest(&["session", session]),
            None => digest(&["function", &self.function]),
        }
    }
}

/// What became of a parked call.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Approval {
    /// Nobody has decided yet.
    Waiting {
        /// The approval's id.
        id: String,
    },
    /// A person said no.
    Denied {
        /// The approval's id.
        id: String,
    },
    /// A person said yes.
    Approved {
        /// The approval's id.
        id: String,
        /// The input that was approved.
        input: Map<String, Value>,
    },
}

/// The right to have one effect; see [`Ledger::lease`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Tells this lease from a later one of the same effect.
    pub token: String,
}

/// Finds the ledger in a router's state, if the router names one.
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

    /// The ledger. `build()` sees to it that there is one where a gate needs it.
    pub(crate) fn of<'a>(&self, state: &'a S) -> Result<&'a dyn Ledger, ToolError> {
        let find = self.0.as_ref().ok_or_else(|| ToolError::internal("the router names no ledger"))?;
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
        assert_eq!(ApprovalRequest::digest_of("pay", &again, &caller), digest, "the order of members says nothing");
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
        assert_eq!(request.waiting_scope(), by_identity, "in whichever session and function");
    }
}
