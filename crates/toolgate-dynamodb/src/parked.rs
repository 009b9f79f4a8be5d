//! What may be announced of a parked call. The input, the caller and the session are not even read.

use crate::{
    approvals::{Approvals, ApprovalsError},
    item::{Item, Read, instant, text},
    keys::CALL,
    pending::UnreadableApproval,
};

/// A call that waits for a person, without its input, its caller and its session.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ParkedCall {
    /// The approval's id: `APR-` and ten characters.
    pub id: String,
    /// The tool.
    pub tool: String,
    /// The time at which it expires, as RFC 3339 in UTC.
    pub expires_at: String,
}

impl ParkedCall {
    /// The only attributes that [`Approvals::parked`] reads. A role can be restricted to them (`dynamodb:Attributes`).
    pub const ATTRIBUTES: [&str; 5] = ["id", "approval", "tool", "expiresAt", "usedBy"];
}

impl Approvals {
    /// The parked call in the item with this key, for an announcement. `None` if the item is not a parked call, is gone,
    /// has expired, or has run.
    ///
    /// # Errors
    /// `Unreadable`, `Store`.
    pub async fn parked(&self, key: &str) -> Result<Option<ParkedCall>, ApprovalsError> {
        if !key.starts_with(CALL) {
            return Ok(None);
        }
        let mut request = self.client.get_item().table_name(&self.table).key("id", text(key)).consistent_read(true);
        let names = ParkedCall::ATTRIBUTES.map(|name| format!("#{name}"));
        for (name, attribute) in names.iter().zip(ParkedCall::ATTRIBUTES) {
            request = request.expression_attribute_names(name, attribute);
        }
        let found = request.projection_expression(names.join(", ")).send().await;
        let item = found.map_err(|error| self.failed("GetItem", &error))?.item;
        match item {
            Some(item) if !item.has_ended(self.clock.now()) && !item.contains_key("usedBy") => {
                read(&item).map(Some).map_err(|reason| {
                    let id = item.text("approval").map(str::to_owned);
                    ApprovalsError::Unreadable(UnreadableApproval {
                        key: key.to_owned(),
                        id,
                        reason: reason.to_owned(),
                    })
                })
            }
            _ => Ok(None),
        }
    }
}

fn read(item: &Item) -> Result<ParkedCall, &'static str> {
    let own = |name: &str| item.text(name).map(str::to_owned);
    Ok(ParkedCall {
        id: own("approval").ok_or("it has no approval id")?,
        tool: own("tool").ok_or("it has no tool name")?,
        expires_at: item.number("expiresAt").and_then(instant).ok_or("its expiry is not a valid time")?,
    })
}
