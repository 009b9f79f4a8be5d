//! One transaction for the effect and its record.

use std::future::Future;

use aws_sdk_dynamodb::{
    error::SdkError, operation::transact_write_items::TransactWriteItemsError, types::TransactWriteItem,
};
use serde::Serialize;
use toolgate::{Committed, Cx, OnceKey, ToolError};

use crate::{
    error::CommitError,
    fault::{contention, describe, is_condition, is_passing, is_unclear, passes, unclear},
    retry,
    table::DynamoLedger,
};

const OPERATION: &str = "TransactWriteItems";

/// Commits the effect of a `.once(..)` tool.
pub trait Commit {
    /// Writes `items` and the record of `output` in one transaction, and returns the proof of it, which a `.once(..)` tool returns. Build the output before:
    /// its exposed fields are what a repeat will be answered with. At most 99 items
    /// (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html> allows 100).
    ///
    /// ```no_run
    /// # use aws_sdk_dynamodb::types::TransactWriteItem;
    /// # use toolgate::{Committed, Cx, ToolError};
    /// # use toolgate_dynamodb::{Commit, DynamoLedger};
    /// # struct Desk { ledger: DynamoLedger }
    /// # #[derive(serde::Serialize)] struct Refund { refund_id: String }
    /// async fn refund(cx: Cx<Desk>, items: Vec<TransactWriteItem>) -> Result<Committed<Refund>, ToolError> {
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
        ledger: &DynamoLedger,
        items: Vec<TransactWriteItem>,
        output: O,
    ) -> impl Future<Output = Result<Committed<O>, CommitError>> + Send;
}

impl<S: Send + Sync> Commit for Cx<S> {
    async fn commit<O: Serialize + Send>(
        &self,
        ledger: &DynamoLedger,
        items: Vec<TransactWriteItem>,
        output: O,
    ) -> Result<Committed<O>, CommitError> {
        let failed = CommitError::Failed;
        let key = self.once_key().ok_or_else(|| failed(ToolError::internal("a commit needs a `.once(..)` tool")))?;
        let reply = self.project(&output).map_err(failed)?;
        let record = ledger.record(key, &reply).map_err(|error| failed(ToolError::internal(error)))?;
        let items: Vec<_> = std::iter::once(record).chain(items).collect();
        let mut attempt = 1;
        loop {
            let request = ledger.client().transact_write_items().set_transact_items(Some(items.clone()));
            let error = match request.send().await {
                Ok(_) => return Ok(key.committed(output)),
                Err(error) => error,
            };
            match judge(key, &error) {
                Some(error) => return Err(error),
                None if retry::pause(attempt, self.remaining()).await => attempt += 1,
                None => {
                    // the model is to repeat the call, which looks again
                    key.mark_absent();
                    return Err(failed(contention(OPERATION, &error)));
                }
            }
        }
    }
}

/// What an error means; `None` where it may pass.
fn judge(key: &OnceKey, error: &SdkError<TransactWriteItemsError>) -> Option<CommitError> {
    let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) = error.as_service_error() else {
        return match error {
            error if passes(error) => None,
            // the SDK has tried again already, under one request token
            error if is_unclear(error) => Some(CommitError::Failed(unclear(OPERATION, error))),
            error => Some(CommitError::Failed(ToolError::internal(describe(OPERATION, error)))),
        };
    };
    let reasons = canceled.cancellation_reasons();
    if let Some(record) = reasons.first().filter(|reason| is_condition(reason)) {
        // this very call may have committed before its answer was lost: a repeat of itself, and the reply is the same
        key.mark_committed();
        return Some(CommitError::Repeat(DynamoLedger::repeat(record.item())));
    }
    if is_passing(reasons) {
        return None;
    }
    let own = reasons.iter().skip(1).enumerate().find(|(_, reason)| is_condition(reason));
    Some(match own {
        Some((index, reason)) => {
            key.mark_absent();
            CommitError::Condition { index, item: reason.item().cloned() }
        }
        None => CommitError::Failed(ToolError::internal(describe(OPERATION, error))),
    })
}
