//! A parked call as a person sees it, or the reason why it cannot be read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use toolgate::ApprovalRequest;

use crate::{
    item::{Item, Read, instant},
    keys::CALL,
};

/// A call that waits for a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PendingApproval {
    /// The approval's id: `APR-` and ten characters.
    pub id: String,
    /// The tool.
    pub tool: String,
    /// The input that will run.
    pub input: Map<String, Value>,
    /// The session, where there is one.
    pub session: Option<String>,
    /// Declared identity: attribute to value. `None` where there is none.
    pub caller: Option<Map<String, Value>>,
    /// The time at which it expires, as RFC 3339 in UTC.
    pub expires_at: String,
}

/// A parked call that cannot be read. It cannot be approved and never runs. It expires by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct UnreadableApproval {
    /// The item's key in the table.
    pub key: String,
    /// The approval's id, if that can be read.
    pub id: Option<String>,
    /// Why it cannot be read.
    pub reason: String,
}

impl PendingApproval {
    /// Reads a request.
    pub(crate) fn read(call: &Item) -> Result<Self, UnreadableApproval> {
        let unreadable = |reason: &str| UnreadableApproval {
            key: call.text("id").unwrap_or_default().to_owned(),
            id: call.text("approval").map(str::to_owned),
            reason: reason.to_owned(),
        };
        let own = |name: &str| call.text(name).map(str::to_owned);
        let input = own("input").ok_or_else(|| unreadable("it has no input"))?;
        let caller = match call.get("caller") {
            None => None,
            Some(caller) => {
                let read = caller.as_s().ok().and_then(|text| serde_json::from_str(text).ok());
                Some(read.ok_or_else(|| unreadable("its caller is not an object of texts"))?)
            }
        };
        let pending = Self {
            id: own("approval").ok_or_else(|| unreadable("it has no approval id"))?,
            tool: own("tool").ok_or_else(|| unreadable("it has no tool name"))?,
            input: serde_json::from_str(&input).map_err(|_| unreadable("its input is not a JSON object"))?,
            session: own("session"),
            caller,
            expires_at: call
                .number("expiresAt")
                .and_then(instant)
                .ok_or_else(|| unreadable("its expiry is not a valid time"))?,
        };
        match pending.caller.iter().flatten().all(|(_, value)| value.is_string()) {
            true => Ok(pending),
            false => Err(unreadable("its caller is not an object of texts")),
        }
    }

    /// 64 hex digits over tool, input and caller, as shown here. A decision applies to this digest.
    pub fn digest(&self) -> String {
        let text = |(name, value): (&String, &Value)| {
            (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))
        };
        let caller: BTreeMap<_, _> = self.caller.iter().flatten().map(text).collect();
        ApprovalRequest::digest_of(&self.tool, &self.input, &caller)
    }
}

/// Whether an item is a request.
pub(crate) fn is_call(item: &Item) -> bool {
    item.text("id").is_some_and(|id| id.starts_with(CALL))
}
