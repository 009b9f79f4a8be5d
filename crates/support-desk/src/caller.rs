//! The customers with data that a call may read and change.

use toolgate::{Cx, ToolError};

use crate::{desk::Desk, error::DeskError};

/// The session attribute that binds a session to a customer.
pub const IDENTITY: &str = "customerId";

/// The gateway header that binds a call to a customer. The request interceptor sets it from the verified token.
pub const IDENTITY_HEADER: &str = "X-Desk-Customer-Id";

/// The verified claim that binds a call of an MCP client to a customer: the one that `SUPPORT_DESK_CUSTOMER_CLAIM`
/// names, else `customer_id`.
pub fn identity_claim() -> String {
    // a name that is not text becomes a claim that no token has
    let named = std::env::var_os("SUPPORT_DESK_CUSTOMER_CLAIM").map(|name| name.to_string_lossy().into_owned());
    named.filter(|name| !name.trim().is_empty()).unwrap_or_else(|| "customer_id".to_owned())
}

/// The scope of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Caller {
    /// The desk itself: all customers.
    Desk,
    /// One customer, by id.
    Customer(String),
}

impl Caller {
    /// Whether the caller may see a customer's data.
    pub fn may_see(&self, customer_id: &str) -> bool {
        match self {
            Self::Desk => true,
            Self::Customer(own) => own == customer_id,
        }
    }

    /// Checks access. For a session that is bound to one customer, no other customers exist.
    ///
    /// # Errors
    /// `NotFound`, where the caller may not see the customer's data.
    pub fn check(&self, customer_id: &str) -> Result<(), DeskError> {
        match self.may_see(customer_id) {
            true => Ok(()),
            false => Err(no_customer(customer_id)),
        }
    }

    /// The caller's customer id, if the caller is one customer.
    pub(crate) fn customer(&self) -> Option<&str> {
        match self {
            Self::Desk => None,
            Self::Customer(own) => Some(own),
        }
    }
}

/// The caller of a tool: the customer to which the session is bound, or else the desk itself, if that is allowed.
///
/// # Errors
/// `refused`: the session is not bound to a customer, and `SUPPORT_DESK_UNBOUND` is not `allow`.
pub fn caller<S: AsRef<Desk>>(cx: &Cx<S>) -> Result<Caller, ToolError> {
    let desk: &Desk = cx.state().as_ref();
    match cx.caller().identity(IDENTITY) {
        Some(customer) => Ok(Caller::Customer(customer.to_owned())),
        None if desk.allows_unbound() => Ok(Caller::Desk),
        None => Err(DeskError::Refused(
            "this conversation is not linked to a customer; it has to start from a signed-in session".into(),
        )
        .into()),
    }
}

pub(crate) fn no_customer(customer_id: &str) -> DeskError {
    DeskError::NotFound(format!("there is no customer `{customer_id}`"))
}
