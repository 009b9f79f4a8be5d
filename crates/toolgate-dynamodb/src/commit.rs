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
    /// Writes `items` and the record of `output` in one transaction. Returns the proof, which the `.once(..)` tool must
    /// return. Build the output first, because a repeat gets its exposed fields as the reply. `items` may have at most
    /// 99 items (<https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html> allows
    /// 100).
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
    /// [`CommitError`]: a repeat, a failed condition of one of `items`, or a failure. If both the record's condition
    /// and another condition fail, the result is a repeat.
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
            let Err(error) = request.send().await else { return Ok(key.committed(output)) };
            match judge(key, &error) {
                Some(error) => return Err(error),
                None if retry::pause(attempt, self.remaining()).await => attempt += 1,
                None => {
                    // the model repeats the call, and that call reads the record again
                    key.mark_absent();
                    return Err(failed(contention(OPERATION, &error)));
                }
            }
        }
    }
}

/// Classifies an error. Returns `None` where it may be transient.
fn judge(key: &OnceKey, error: &SdkError<TransactWriteItemsError>) -> Option<CommitError> {
    let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) = error.as_service_error() else {
        return match error {
            error if passes(error) => None,
            // the SDK has already retried, with the same request token
            error if is_unclear(error) => Some(CommitError::Failed(unclear(OPERATION, error))),
            error => Some(CommitError::Failed(ToolError::internal(describe(OPERATION, error)))),
        };
    };
    let reasons = canceled.cancellation_reasons();
    if let Some(record) = reasons.first().filter(|reason| is_condition(reason)) {
        // this call itself may have committed before the response was lost; it is then a repeat of itself, with the
        // same reply
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
