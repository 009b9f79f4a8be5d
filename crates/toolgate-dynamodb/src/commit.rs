//! One transaction for the effect and its record.

use std::future::Future;

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    operation::transact_write_items::TransactWriteItemsError,
    types::{CancellationReason, TransactWriteItem},
};
use serde::Serialize;
use toolgate::{Cx, OnceKey, ToolError};

use crate::{error::CommitError, ledger::Ledger, retry};

/// What a cancellation reason says of an item whose condition failed.
const CONDITION_FAILED: &str = "ConditionalCheckFailed";
/// Reasons that go away: real DynamoDB answers contention on one item with a conflict, and throttles single items.
const PASSING: [&str; 4] =
    ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded"];

/// The same of a whole request, which then has done nothing.
const PASSING_WHOLE: [&str; 4] = [
    "ThrottlingException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "TransactionInProgressException",
];

/// Commits the effect of a `.once()` tool.
pub trait Commit {
    /// Writes `items` and the record of `output` in one transaction, and gives `output` back. Build the output before:
    /// its exposed fields are what a repeat will be answered with. At most 99 items
    /// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html> allows 100).
    ///
    /// ```no_run
    /// # use aws_sdk_dynamodb::types::TransactWriteItem;
    /// # use toolgate::{Cx, ToolError};
    /// # use toolgate_dynamodb::{Commit, Ledger};
    /// # struct Desk { ledger: Ledger }
    /// # #[derive(serde::Serialize)] struct Refund { refund_id: String }
    /// async fn refund(cx: Cx<Desk>, items: Vec<TransactWriteItem>) -> Result<Refund, ToolError> {
    ///     let refund = Refund { refund_id: "REF-7M2KQ4XWZA".into() };
    ///     Ok(cx.commit(&cx.state().ledger, items, refund).await?)
    /// }
    /// ```
    ///
    /// # Errors
    /// [`CommitError`]: a repeat, a failed condition of one of `items`, or a failure. When both the record's and
    /// another condition fail, the record's reason wins: it is a repeat.
    fn commit<O: Serialize + Send>(
        &self,
        ledger: &Ledger,
        items: Vec<TransactWriteItem>,
        output: O,
    ) -> impl Future<Output = Result<O, CommitError>> + Send;
}

impl<S: Send + Sync> Commit for Cx<S> {
    async fn commit<O: Serialize + Send>(
        &self,
        ledger: &Ledger,
        items: Vec<TransactWriteItem>,
        output: O,
    ) -> Result<O, CommitError> {
        let failed = CommitError::Failed;
        let key = self.once_key().ok_or_else(|| failed(ToolError::internal("a commit needs a `.once()` tool")))?;
        let reply = self.project(&output).map_err(failed)?;
        let record = ledger.record(key, &reply).map_err(|error| failed(ToolError::internal(error)))?;
        let items: Vec<_> = std::iter::once(record).chain(items).collect();
        let mut attempt = 1;
        loop {
            let request = ledger.client().transact_write_items().set_transact_items(Some(items.clone()));
            let error = match request.send().await {
                Ok(_) => {
                    key.mark_committed();
                    return Ok(output);
                }
                Err(error) => error,
            };
            match judge(key, &error) {
                Some(error) => return Err(error),
                None if retry::pause(attempt, self.remaining()).await => attempt += 1,
                None => return Err(failed(gave_up(error))),
            }
        }
    }
}

/// What an error means; `None` where it may pass.
fn judge(key: &OnceKey, error: &SdkError<TransactWriteItemsError>) -> Option<CommitError> {
    let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) = error.as_service_error() else {
        if error.code().is_some_and(|code| PASSING_WHOLE.contains(&code)) {
            return None;
        }
        // the SDK has tried again already, under one request token
        let failed_inside = error.raw_response().is_some_and(|response| response.status().is_server_error());
        return Some(CommitError::Failed(match error {
            SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => unclear(error),
            _ if failed_inside => unclear(error),
            _ => ToolError::internal(describe(error)),
        }));
    };
    let reasons = canceled.cancellation_reasons();
    let is = |reason: &CancellationReason, code: &str| reason.code() == Some(code);
    if let Some(record) = reasons.first().filter(|reason| is(reason, CONDITION_FAILED)) {
        // this very call may have committed before its answer was lost: a repeat of itself, and the reply is the same
        key.mark_committed();
        return Some(CommitError::Repeat(Ledger::repeat(key, record.item())));
    }
    if reasons.iter().any(|reason| PASSING.iter().any(|code| is(reason, code))) {
        return None;
    }
    let own = reasons.iter().skip(1).enumerate().find(|(_, reason)| is(reason, CONDITION_FAILED));
    Some(match own {
        Some((index, reason)) => CommitError::Condition { index, item: reason.item().cloned() },
        None => CommitError::Failed(ToolError::internal(describe(error))),
    })
}

/// No answer came back, so it may have been committed; the record will tell.
fn unclear(error: &SdkError<TransactWriteItemsError>) -> ToolError {
    ToolError::timed_out(
        "no answer came back; it may have happened; repeat the same call to find out, it will not happen twice",
    )
    .with_source(describe(error))
}

fn gave_up(error: SdkError<TransactWriteItemsError>) -> ToolError {
    ToolError::conflict("too many calls change the same data at once; repeat the same call in a moment")
        .with_source(describe(&error))
}

/// The error's code and nothing else: messages and debug output may hold items.
fn describe(error: &SdkError<TransactWriteItemsError>) -> String {
    let kind = match error {
        SdkError::TimeoutError(_) => "timeout",
        SdkError::DispatchFailure(_) => "no connection",
        SdkError::ResponseError(_) => "unreadable response",
        _ => "error",
    };
    format!("DynamoDB TransactWriteItems: {}", error.code().unwrap_or(kind))
}
