//! What the gates that need memory ask of a store: budgets, approvals, and effects outside of DynamoDB that must happen
//! once. `toolgate-dynamodb`'s `Ledger` answers; a router gets it by [`RouterBuilder::ledger`](crate::RouterBuilder::ledger).

use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    time::{Duration, SystemTime},
};

use serde_json::{Map, Value};

use crate::{
    config,
    digest::{Digest, digest},
    effect::OnceKey,
    error::ToolError,
};

/// A store's answer. An error goes to the model as it is, and the tool does not run: a store that cannot answer stops
/// the call.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, ToolError>> + Send + 'a>>;

/// A store behind the gates that need memory.
///
/// Where a method takes the [`OnceKey`] of the call, a store looks at its record in the same request: a call whose
/// effect has happened is answered by [`ToolError::replay`].
pub trait GateStore: Send + Sync {
    /// Counts one call against a budget.
    ///
    /// # Errors
    /// `refused`, where the budget is used up; a replay; what a store that fails says.
    fn count<'a>(&'a self, count: &'a Count, once: Option<&'a OnceKey>) -> Answer<'a, ()>;

    /// What a person said of a call; a call that nobody has been asked about is parked.
    ///
    /// # Errors
    /// `refused`, where there is nobody to ask; a replay; what a store that fails says.
    fn approval<'a>(&'a self, request: &'a ApprovalRequest, once: Option<&'a OnceKey>) -> Answer<'a, Approval>;

    /// Looks for the record of an effect; `Ok` where it has not happened.
    ///
    /// # Errors
    /// A replay; `in progress`, where another call has reserved it; what a store that fails says.
    fn find<'a>(&'a self, once: &'a OnceKey) -> Answer<'a, ()>;

    /// Reserves an effect outside of the store until `until`: nobody else gets it before. Where the
    /// call runs under [an approval](OnceKey::approval), the same write uses it up: no other effect gets it.
    ///
    /// # Errors
    /// `in progress`, where another call has reserved it; a replay; `conflict`, where another effect has used the approval;
    /// what a store that fails says.
    fn lease<'a>(&'a self, key: &'a OnceKey, until: SystemTime) -> Answer<'a, Lease>;

    /// Keeps the reply of a leased effect that has happened.
    ///
    /// # Errors
    /// A replay, where another call has done the same meanwhile; what a store that fails says.
    fn finish<'a>(&'a self, key: &'a OnceKey, lease: &'a Lease, reply: &'a Value) -> Answer<'a, ()>;

    /// Gives a lease back whose effect has not happened.
    ///
    /// # Errors
    /// What a store that fails says; the lease then ends by itself.
    fn release<'a>(&'a self, key: &'a OnceKey, lease: &'a Lease) -> Answer<'a, ()>;
}

/// What a call costs its session.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Count {
    /// Names the budget: `budget#` and 64 hex digits over session and identity.
    pub id: String,
    /// What may be used.
    pub budget: Budget,
    /// The time left for this call, if the platform told.
    pub remaining: Option<Duration>,
}

impl Count {
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

/// The right to have one effect; see [`GateStore::lease`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Tells this lease from a later one of the same effect.
    pub token: String,
}

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
    pub const fn lasts(&self) -> Duration {
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

/// A text is no amount of dollars.
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
