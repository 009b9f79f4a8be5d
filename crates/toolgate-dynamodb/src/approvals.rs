//! The operations of an approver on parked calls: list, find and decide.

use std::{collections::HashMap, fmt};

use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::transact_write_items::TransactWriteItemsError,
    types::{AttributeValue, ConditionCheck, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem},
};

use crate::{
    fault::{describe, is_condition, is_passing, passes},
    item::{Clock, Item, Read, number, text},
    keys::{APPROVED, CALL, DECISION, DENIED},
    pending::{PendingApproval, UnreadableApproval, is_call},
    retry,
};

/// The table of parked calls, for approvers. A function's role must not have the permissions that this type needs.
///
/// ```no_run
/// # async fn decide(client: aws_sdk_dynamodb::Client) -> Result<(), toolgate_dynamodb::ApprovalsError> {
/// use toolgate_dynamodb::{Approvals, Decision};
///
/// let approvals = Approvals::new(client, "my-project-approvals");
/// let waiting = approvals.list().await?;
/// for call in &waiting.pending {
///     println!("{} wants to call {} with {:?}", call.id, call.tool, call.input);
/// }
/// // decides on exactly the call that was shown
/// approvals.decide(&waiting.pending[0], Decision::Approve, "dana@example.com").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Approvals {
    pub(crate) client: Client,
    pub(crate) table: String,
    pub(crate) clock: Clock,
}

/// The calls that wait for a decision.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct ApprovalList {
    /// The calls that can be decided, the oldest first.
    pub pending: Vec<PendingApproval>,
    /// The calls that cannot be read, by their keys. They do not hide other calls.
    pub unreadable: Vec<UnreadableApproval>,
}

/// A person's decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The call may run one time, with the input that was shown.
    Approve,
    /// The call is refused until it expires.
    Deny,
}

impl Decision {
    /// `approved` or `denied`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => APPROVED,
            Self::Deny => DENIED,
        }
    }
}

/// Why parked calls cannot be read, or a decision is not accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApprovalsError {
    /// No approval with this id waits: it never existed, or it has expired.
    NotFound {
        /// The id.
        id: String,
    },
    /// The call has already been decided.
    Decided {
        /// The id.
        id: String,
        /// `approved` or `denied`.
        decision: String,
        /// The person who decided.
        by: String,
    },
    /// The call has changed since it was shown: its tool, its input or its caller. List it again.
    Changed {
        /// The id.
        id: String,
    },
    /// The call cannot be read, so it cannot be shown to a person.
    Unreadable(UnreadableApproval),
    /// A DynamoDB request failed. The text contains the operation and the error's code.
    Store(String),
}

impl fmt::Display for ApprovalsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { id } => {
                write!(f, "no approval `{id}` is waiting: list the waiting calls with `toolgate approvals list`")
            }
            Self::Decided { id, decision, by } => write!(f, "`{id}` has been {decision} already, by {by}"),
            Self::Changed { id } => {
                write!(
                    f,
                    "`{id}` differs from the call that was shown: look at it again with `toolgate approvals list`"
                )
            }
            Self::Unreadable(call) => {
                write!(f, "the call `{}` cannot be read, and never runs: {}", call.key, call.reason)
            }
            Self::Store(cause) => write!(f, "the approvals cannot be reached: {cause}"),
        }
    }
}

impl std::error::Error for ApprovalsError {}

impl Approvals {
    /// The approvals in `table`.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into(), clock: Clock::default() }
    }

    /// The calls that wait for a decision, the oldest first, and those that cannot be read.
    ///
    /// # Errors
    /// `Store`.
    pub async fn list(&self) -> Result<ApprovalList, ApprovalsError> {
        let history = self.history().await?;
        let pending = history.calls.into_iter().filter(|record| record.decision.is_none()).map(|record| record.call);
        Ok(ApprovalList { pending: pending.collect(), unreadable: history.unreadable })
    }

    /// The waiting call with this id.
    ///
    /// # Errors
    /// `NotFound`, `Decided`, `Unreadable`, `Store`.
    pub async fn find(&self, id: &str) -> Result<PendingApproval, ApprovalsError> {
        let items = self.scan().await?;
        let pending = PendingApproval::read(question(&items, id)?).map_err(ApprovalsError::Unreadable)?;
        match Decisions::of(&items).on(&pending) {
            Some(decision) => Err(decided(id, Some(decision))),
            None => Ok(pending),
        }
    }

    /// Decides on a call, as [`list`](Self::list) or [`find`](Self::find) has shown it. Where any part of the call has
    /// changed since, nothing is decided. `by` is the name of the approver, which is recorded.
    ///
    /// # Errors
    /// `NotFound`, `Decided`, `Changed`, `Unreadable`, `Store`.
    pub async fn decide(&self, shown: &PendingApproval, decision: Decision, by: &str) -> Result<(), ApprovalsError> {
        let id = shown.id.as_str();
        let changed = || ApprovalsError::Changed { id: id.to_owned() };
        let digest = shown.digest();
        let items = self.scan().await?;
        let call = question(&items, id)?;
        if PendingApproval::read(call).map_err(ApprovalsError::Unreadable)?.digest() != digest {
            return Err(changed());
        }
        let mut attempt = 1;
        loop {
            let written = self.client.transact_write_items();
            let written = written.set_transact_items(Some(self.writes(call, id, &digest, decision, by)?)).send().await;
            let Err(error) = written else { return Ok(()) };
            let reasons = match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                    canceled.cancellation_reasons()
                }
                _ => &[],
            };
            match reasons {
                [call, _] if is_condition(call) => {
                    let is_there = |item: &Item| item.text("approval") == Some(id) && !item.has_ended(self.clock.now());
                    return Err(match call.item().is_some_and(is_there) {
                        true => changed(),
                        false => not_found(id),
                    });
                }
                [_, other] if is_condition(other) => return Err(decided(id, other.item())),
                reasons if (is_passing(reasons) || passes(&error)) && retry::pause(attempt, None).await => attempt += 1,
                _ => return Err(self.failed("TransactWriteItems", &error)),
            }
        }
    }

    /// The write of the decision. Its conditions require that the call still waits, that its stored text is unchanged,
    /// and that there is no decision yet.
    fn writes(
        &self,
        call: &Item,
        id: &str,
        digest: &str,
        decision: Decision,
        by: &str,
    ) -> Result<Vec<TransactWriteItem>, ApprovalsError> {
        let now = self.clock.now();
        let key = call.text("id").and_then(|id| id.strip_prefix(CALL)).unwrap_or_default();
        let build = |error: aws_sdk_dynamodb::error::BuildError| ApprovalsError::Store(error.to_string());
        let mut waits = ConditionCheck::builder()
            .table_name(&self.table)
            .key("id", text(format!("{CALL}{key}")))
            .expression_attribute_values(":now", number(now))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let mut condition = "expiresAt >= :now".to_owned();
        for name in ["approval", "tool", "input", "caller", "session"] {
            waits = waits.expression_attribute_names(format!("#{name}"), name);
            match call.get(name) {
                Some(value) => {
                    condition.push_str(&format!(" AND #{name} = :{name}"));
                    waits = waits.expression_attribute_values(format!(":{name}"), value.clone());
                }
                None => condition.push_str(&format!(" AND attribute_not_exists(#{name})")),
            }
        }
        let waits = waits.condition_expression(condition).build().map_err(build)?;
        let put = Put::builder()
            .table_name(&self.table)
            .item("id", text(format!("{DECISION}{key}")))
            .item("approval", text(id))
            .item("digest", text(digest))
            .item("decision", text(decision.as_str()))
            .item("decidedBy", text(by))
            .item("decidedAt", number(now))
            .item("expiresAt", call.get("expiresAt").cloned().unwrap_or(AttributeValue::N(now.to_string())))
            .condition_expression(
                "attribute_not_exists(id) OR approval <> :approval OR attribute_not_exists(digest) OR digest <> :digest",
            )
            .expression_attribute_values(":approval", text(id))
            .expression_attribute_values(":digest", text(digest))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(build)?;
        Ok(vec![
            TransactWriteItem::builder().condition_check(waits).build(),
            TransactWriteItem::builder().put(put).build(),
        ])
    }

    pub(crate) fn failed<E: ProvideErrorMetadata>(&self, operation: &str, error: &SdkError<E>) -> ApprovalsError {
        ApprovalsError::Store(format!("{} on table `{}`", describe(operation, error), self.table))
    }

    /// All items that have not expired. A page holds one megabyte, which is enough for thousands of calls.
    pub(crate) async fn scan(&self) -> Result<Vec<Item>, ApprovalsError> {
        let mut pages =
            self.client.scan().table_name(&self.table).consistent_read(true).into_paginator().items().send();
        let (mut items, now) = (Vec::new(), self.clock.now());
        while let Some(item) = pages.next().await {
            let item = item.map_err(|error| self.failed("Scan", &error))?;
            if !item.has_ended(now) {
                items.push(item);
            }
        }
        Ok(items)
    }
}

/// The decisions among some items, by approval and digest. A decision on another input does not apply.
pub(crate) struct Decisions<'a>(HashMap<(&'a str, &'a str), &'a Item>);

impl<'a> Decisions<'a> {
    pub(crate) fn of(items: &'a [Item]) -> Self {
        let decisions = items.iter().filter(|item| item.text("id").is_some_and(|id| id.starts_with(DECISION)));
        Self(decisions.filter_map(|item| Some(((item.text("approval")?, item.text("digest")?), item))).collect())
    }

    pub(crate) fn on(&self, call: &PendingApproval) -> Option<&'a Item> {
        self.0.get(&(call.id.as_str(), call.digest().as_str())).copied()
    }
}

/// The request with this id.
fn question<'a>(items: &'a [Item], id: &str) -> Result<&'a Item, ApprovalsError> {
    items.iter().find(|item| is_call(item) && item.text("approval") == Some(id)).ok_or_else(|| not_found(id))
}

fn not_found(id: &str) -> ApprovalsError {
    ApprovalsError::NotFound { id: id.to_owned() }
}

fn decided(id: &str, item: Option<&Item>) -> ApprovalsError {
    let own = |name: &str| item.and_then(|item| item.text(name)).unwrap_or("somebody").to_owned();
    ApprovalsError::Decided { id: id.to_owned(), decision: own("decision"), by: own("decidedBy") }
}
