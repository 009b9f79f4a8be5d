//! What people do with parked calls: look at them, and decide.

use std::{fmt, time::Duration};

use aws_sdk_dynamodb::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::transact_write_items::TransactWriteItemsError,
    primitives::{DateTime, DateTimeFormat},
    types::{ConditionCheck, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    approval::{APPROVED, CALL, DECISION, DENIED},
    fault::{describe, is_condition, is_passing, passes},
    item::{Item, Read, now, number, text},
    retry,
};

/// The table of parked calls, for those who decide. A function's role must not be able to do what this does.
///
/// ```no_run
/// # async fn decide(client: aws_sdk_dynamodb::Client) -> Result<(), toolgate_dynamodb::ApprovalsError> {
/// use toolgate_dynamodb::{Approvals, Decision};
///
/// let approvals = Approvals::new(client, "support-desk-approvals");
/// for parked in approvals.list().await? {
///     println!("{} wants to call {} with {:?}", parked.id, parked.tool, parked.input);
/// }
/// approvals.decide("APR-7M2KQ4XWZA", Decision::Approve, "dana@example.com").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Approvals {
    client: Client,
    table: String,
}

/// A call that waits for a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Parked {
    /// The approval's id: `APR-` and ten characters.
    pub id: String,
    /// The tool.
    pub tool: String,
    /// The input that will run.
    pub input: Map<String, Value>,
    /// The session, where there is one.
    pub session: Option<String>,
    /// Declared identity: attribute to value; `None` where there is none.
    pub caller: Option<Map<String, Value>>,
    /// Until when it waits, as RFC 3339 in UTC.
    pub expires_at: String,
}

/// A person's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The call may run, once, with the input that was shown.
    Approve,
    /// The call is refused, until it has expired.
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

/// Why parked calls cannot be read, or a decision does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApprovalsError {
    /// No such approval waits: there never was one, or it has expired.
    NotFound {
        /// The id.
        id: String,
    },
    /// Somebody has decided already.
    Decided {
        /// The id.
        id: String,
        /// `approved` or `denied`.
        decision: String,
        /// Who.
        by: String,
    },
    /// DynamoDB says no; the operation and the error's code.
    Store(String),
}

impl fmt::Display for ApprovalsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { id } => {
                write!(f, "no approval `{id}` is waiting: see what is with `toolgate approvals list`")
            }
            Self::Decided { id, decision, by } => write!(f, "`{id}` has been {decision} already, by {by}"),
            Self::Store(cause) => write!(f, "the approvals cannot be reached: {cause}"),
        }
    }
}

impl std::error::Error for ApprovalsError {}

impl Approvals {
    /// The approvals in `table`.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    /// The calls that wait for a decision, the oldest first.
    ///
    /// # Errors
    /// `Store`.
    pub async fn list(&self) -> Result<Vec<Parked>, ApprovalsError> {
        let items = self.scan().await?;
        let decided = |call: &Item| items.iter().any(|item| is_decision_on(item, call));
        let mut waiting: Vec<&Item> = items.iter().filter(|item| is_call(item) && !decided(item)).collect();
        waiting.sort_by_key(|item| (item.number("parkedAt"), item.text("approval")));
        waiting.into_iter().map(parked).collect()
    }

    /// Decides about a parked call, and gives it back. `by` is recorded: who decided.
    ///
    /// # Errors
    /// `NotFound`, `Decided`, `Store`.
    pub async fn decide(&self, id: &str, decision: Decision, by: &str) -> Result<Parked, ApprovalsError> {
        let items = self.scan().await?;
        let call = items.iter().find(|item| is_call(item) && item.text("approval") == Some(id));
        let Some(call) = call else { return Err(ApprovalsError::NotFound { id: id.to_owned() }) };
        let mut attempt = 1;
        loop {
            let written = self.client.transact_write_items();
            let written = written.set_transact_items(Some(self.writes(call, id, decision, by)?)).send().await;
            let Err(error) = written else { return parked(call) };
            let reasons = match error.as_service_error() {
                Some(TransactWriteItemsError::TransactionCanceledException(canceled)) => {
                    canceled.cancellation_reasons()
                }
                _ => &[],
            };
            match reasons {
                [call, _] if is_condition(call) => return Err(ApprovalsError::NotFound { id: id.to_owned() }),
                [_, other] if is_condition(other) => return Err(decided(id, other.item())),
                reasons if (is_passing(reasons) || passes(&error)) && retry::pause(attempt, None).await => attempt += 1,
                _ => return Err(self.failed("TransactWriteItems", &error)),
            }
        }
    }

    /// The decision, on condition that the call still waits and nobody has decided.
    fn writes(
        &self,
        call: &Item,
        id: &str,
        decision: Decision,
        by: &str,
    ) -> Result<Vec<TransactWriteItem>, ApprovalsError> {
        let now = now();
        let key = call.text("id").and_then(|id| id.strip_prefix(CALL)).unwrap_or_default();
        let build = |error: aws_sdk_dynamodb::error::BuildError| ApprovalsError::Store(error.to_string());
        let waits = ConditionCheck::builder()
            .table_name(&self.table)
            .key("id", text(format!("{CALL}{key}")))
            .condition_expression("approval = :approval AND expiresAt >= :now")
            .expression_attribute_values(":approval", text(id))
            .expression_attribute_values(":now", number(now))
            .build()
            .map_err(build)?;
        let put = Put::builder()
            .table_name(&self.table)
            .item("id", text(format!("{DECISION}{key}")))
            .item("approval", text(id))
            .item("decision", text(decision.as_str()))
            .item("decidedBy", text(by))
            .item("decidedAt", number(now))
            .item("expiresAt", number(call.number("expiresAt").unwrap_or(now)))
            .condition_expression("attribute_not_exists(id) OR approval <> :approval")
            .expression_attribute_values(":approval", text(id))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(build)?;
        Ok(vec![
            TransactWriteItem::builder().condition_check(waits).build(),
            TransactWriteItem::builder().put(put).build(),
        ])
    }

    fn failed<E: ProvideErrorMetadata>(&self, operation: &str, error: &SdkError<E>) -> ApprovalsError {
        ApprovalsError::Store(format!("{} on table `{}`", describe(operation, error), self.table))
    }

    /// All that has not ended. A page holds a megabyte, which is thousands of calls.
    async fn scan(&self) -> Result<Vec<Item>, ApprovalsError> {
        let mut pages =
            self.client.scan().table_name(&self.table).consistent_read(true).into_paginator().items().send();
        let (mut items, now) = (Vec::new(), now());
        while let Some(item) = pages.next().await {
            let item = item.map_err(|error| self.failed("Scan", &error))?;
            if !item.has_ended(now) {
                items.push(item);
            }
        }
        Ok(items)
    }
}

fn is_call(item: &Item) -> bool {
    item.text("id").is_some_and(|id| id.starts_with(CALL))
}

fn is_decision_on(item: &Item, call: &Item) -> bool {
    item.text("id").is_some_and(|id| id.starts_with(DECISION)) && item.text("approval") == call.text("approval")
}

fn parked(call: &Item) -> Result<Parked, ApprovalsError> {
    let broken = || ApprovalsError::Store("a parked call that is none".to_owned());
    let own = |name: &str| call.text(name).map(str::to_owned);
    let json = |name: &str| call.text(name).and_then(|text| serde_json::from_str(text).ok());
    let ends = Duration::from_secs(call.number("expiresAt").ok_or_else(broken)?);
    let ends = DateTime::from_secs(i64::try_from(ends.as_secs()).map_err(|_| broken())?);
    Ok(Parked {
        id: own("approval").ok_or_else(broken)?,
        tool: own("tool").ok_or_else(broken)?,
        input: json("input").ok_or_else(broken)?,
        session: own("session"),
        caller: json("caller"),
        expires_at: ends.fmt(DateTimeFormat::DateTime).map_err(|_| broken())?,
    })
}

fn decided(id: &str, item: Option<&Item>) -> ApprovalsError {
    let own = |name: &str| item.and_then(|item| item.text(name)).unwrap_or("somebody").to_owned();
    ApprovalsError::Decided { id: id.to_owned(), decision: own("decision"), by: own("decidedBy") }
}
