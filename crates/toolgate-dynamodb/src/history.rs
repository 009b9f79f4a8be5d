//! All parked calls with what became of them, for a person who looks back.

use serde::Serialize;

use crate::{
    approvals::{Approvals, ApprovalsError, Decisions},
    item::{Item, Read, instant},
    keys::{APPROVED, CALL},
    pending::{PendingApproval, UnreadableApproval, is_call},
};

/// The parked calls that have not expired, with their decisions.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ApprovalHistory {
    /// The calls, the oldest first.
    pub calls: Vec<ApprovalRecord>,
    /// The calls that cannot be read, by their keys. They do not hide other calls.
    pub unreadable: Vec<UnreadableApproval>,
}

/// A parked call, and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ApprovalRecord {
    /// The call.
    pub call: PendingApproval,
    /// The key that decides which calls share the approval.
    pub key: String,
    /// The time at which it was parked, as RFC 3339 in UTC.
    pub parked_at: Option<String>,
    /// The decision. `None` while the call waits.
    pub decision: Option<DecisionRecord>,
    /// The id of the ledger's record of the effect that has used the approval.
    pub used_by: Option<String>,
}

/// A person's decision, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DecisionRecord {
    /// Whether the call may run.
    pub approved: bool,
    /// The name of the person.
    pub by: String,
    /// The time of the decision, as RFC 3339 in UTC.
    pub decided_at: Option<String>,
}

impl Approvals {
    /// The calls that wait and those that were decided, until they expire.
    ///
    /// # Errors
    /// `Store`.
    pub async fn history(&self) -> Result<ApprovalHistory, ApprovalsError> {
        let items = self.scan().await?;
        let decisions = Decisions::of(&items);
        let mut calls: Vec<&Item> = items.iter().filter(|item| is_call(item)).collect();
        calls.sort_by_key(|item| (item.number("parkedAt"), item.text("approval")));
        let mut history = ApprovalHistory::default();
        for item in calls {
            match PendingApproval::read(item) {
                Ok(call) => history.calls.push(ApprovalRecord {
                    key: item.text("id").and_then(|id| id.strip_prefix(CALL)).unwrap_or_default().to_owned(),
                    parked_at: item.number("parkedAt").and_then(|millis| instant(millis / 1000)),
                    decision: decisions.on(&call).map(decision),
                    used_by: item.text("usedBy").map(str::to_owned),
                    call,
                }),
                Err(unreadable) => history.unreadable.push(unreadable),
            }
        }
        Ok(history)
    }
}

fn decision(item: &Item) -> DecisionRecord {
    DecisionRecord {
        approved: item.text("decision") == Some(APPROVED),
        by: item.text("decidedBy").unwrap_or_default().to_owned(),
        decided_at: item.number("decidedAt").and_then(instant),
    }
}
