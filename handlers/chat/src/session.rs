//! The session of a request: whose it is, and the name by which the service that runs the agent knows it.

use std::collections::BTreeMap;

use toolgate::BudgetCharge;

/// The attribute that identifies a customer, as the tools declare it.
pub const CUSTOMER: &str = "customerId";

/// A session of one customer.
#[derive(Clone, PartialEq, Eq)]
pub struct Session {
    customer: String,
    name: String,
}

impl Session {
    /// The session that a customer calls `name`.
    pub fn new(customer: impl Into<String>, name: impl Into<String>) -> Self {
        Self { customer: customer.into(), name: name.into() }
    }

    /// The customer.
    pub fn customer(&self) -> &str {
        &self.customer
    }

    /// The customer's own name of the session.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of the session at the service: 64 hex digits, a digest of the customer and the name. A name of another
    /// customer's session therefore names another session, which is a new one.
    pub fn id(&self) -> String {
        let parts = BTreeMap::from([(CUSTOMER.to_owned(), self.customer.clone())]);
        digest(BudgetCharge::id_of(Some(&self.name), &parts))
    }

    /// The id of the customer at the service, for its memory: 64 hex digits, so that it has no characters that the
    /// service does not take.
    pub fn actor(&self) -> String {
        digest(BudgetCharge::id_of(None, &self.identity()))
    }

    /// The identity as the gates of the tools see it.
    pub fn identity(&self) -> BTreeMap<String, String> {
        BTreeMap::from([(CUSTOMER.to_owned(), self.customer.clone())])
    }
}

/// The digits of a budget's id. It is a digest over the session and the identity, each with its length, and `budget#` in
/// front of it.
fn digest(id: Option<String>) -> String {
    id.as_deref().and_then(|id| id.strip_prefix("budget#")).unwrap_or_default().to_owned()
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}
