//! What DynamoDB's errors mean: which pass, which say that nothing has happened, and what may be told of them.

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    types::CancellationReason,
};
use toolgate::ToolError;

/// What a cancellation reason says of an item whose condition failed.
pub(crate) const CONDITION_FAILED: &str = "ConditionalCheckFailed";

/// Reasons of single items that go away: real DynamoDB answers contention on one item with a conflict, and throttles
/// single items.
const PASSING: [&str; 4] =
    ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded"];

/// The same of a whole request, which then has done nothing.
const PASSING_WHOLE: [&str; 5] = [
    "ThrottlingException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// Whether the same request may succeed in a moment, having done nothing now.
pub(crate) fn passes<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    error.code().is_some_and(|code| PASSING_WHOLE.contains(&code))
}

/// Whether a cancelled transaction may succeed in a moment.
pub(crate) fn is_passing(reasons: &[CancellationReason]) -> bool {
    reasons.iter().any(|reason| reason.code().is_some_and(|code| PASSING.contains(&code)))
}

/// Whether an item's condition failed.
pub(crate) fn is_condition(reason: &CancellationReason) -> bool {
    reason.code() == Some(CONDITION_FAILED)
}

/// Whether the request may have been carried out, although no answer says so.
pub(crate) fn is_unclear<E>(error: &SdkError<E>) -> bool {
    match error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => true,
        error => error.raw_response().is_some_and(|response| response.status().is_server_error()),
    }
}

/// What a call is told that is stopped before its tool, because the ledger does not answer.
pub(crate) fn unavailable<E: ProvideErrorMetadata>(operation: &str, error: &SdkError<E>) -> ToolError {
    match is_unclear(error) || passes(error) {
        true => {
            ToolError::timed_out("the ledger does not answer; nothing has happened; repeat the same call in a moment")
                .with_source(describe(operation, error))
        }
        false => ToolError::internal(describe(operation, error)),
    }
}

/// No answer came back, so it may have happened; the record will tell.
pub(crate) fn unclear<E: ProvideErrorMetadata>(operation: &str, error: &SdkError<E>) -> ToolError {
    ToolError::timed_out(
        "no answer came back; it may have happened; repeat the same call to find out, it will not happen twice",
    )
    .with_source(describe(operation, error))
}

/// Retries are used up.
pub(crate) fn contention<E: ProvideErrorMetadata>(operation: &str, error: &SdkError<E>) -> ToolError {
    ToolError::conflict("too many calls change the same data at once; repeat the same call in a moment")
        .with_source(describe(operation, error))
}

/// The error's code and nothing else: messages and debug output may hold items.
pub(crate) fn describe<E: ProvideErrorMetadata>(operation: &str, error: &SdkError<E>) -> String {
    let kind = match error {
        SdkError::TimeoutError(_) => "timeout",
        SdkError::DispatchFailure(_) => "no connection",
        SdkError::ResponseError(_) => "unreadable response",
        _ => "error",
    };
    format!("DynamoDB {operation}: {}", error.code().unwrap_or(kind))
}
