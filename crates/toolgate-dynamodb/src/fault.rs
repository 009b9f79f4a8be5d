//! Classifies DynamoDB's errors: which are transient, which exclude an effect, and what may be logged of them.

use aws_sdk_dynamodb::{
    error::{ProvideErrorMetadata, SdkError},
    types::CancellationReason,
};
use toolgate::ToolError;

/// The code in a cancellation reason for an item with a failed condition.
pub(crate) const CONDITION_FAILED: &str = "ConditionalCheckFailed";

/// Transient reasons of single items. DynamoDB reports contention on one item as a conflict, and it throttles single
/// items.
const PASSING: [&str; 4] =
    ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded", "RequestLimitExceeded"];

/// Transient errors of a whole request. Such a request has done nothing.
const PASSING_WHOLE: [&str; 5] = [
    "ThrottlingException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// Whether the error is transient and the request has done nothing.
pub(crate) fn passes<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    error.code().is_some_and(|code| PASSING_WHOLE.contains(&code))
}

/// Whether a cancelled transaction failed for a transient reason.
pub(crate) fn is_passing(reasons: &[CancellationReason]) -> bool {
    reasons.iter().any(|reason| reason.code().is_some_and(|code| PASSING.contains(&code)))
}

/// Whether an item's condition failed.
pub(crate) fn is_condition(reason: &CancellationReason) -> bool {
    reason.code() == Some(CONDITION_FAILED)
}

/// Whether the request may have been executed although there is no response.
pub(crate) fn is_unclear<E>(error: &SdkError<E>) -> bool {
    match error {
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) | SdkError::ResponseError(_) => true,
        error => error.raw_response().is_some_and(|response| response.status().is_server_error()),
    }
}

/// The error for a call that stops before its tool because the ledger does not respond.
pub(crate) fn unavailable<E: ProvideErrorMetadata>(operation: &str, error: &SdkError<E>) -> ToolError {
    match is_unclear(error) || passes(error) {
        true => {
            ToolError::timed_out("the ledger does not answer; nothing has happened; repeat the same call in a moment")
                .with_source(describe(operation, error))
        }
        false => ToolError::internal(describe(operation, error)),
    }
}

/// The error for a request without a response. The effect may have happened; the record shows it in a repeat.
pub(crate) fn unclear<E: ProvideErrorMetadata>(operation: &str, error: &SdkError<E>) -> ToolError {
    ToolError::timed_out(
        "there was no response; it may have happened; repeat the same call to find out, it will not happen twice",
    )
    .with_source(describe(operation, error))
}

/// The error after the last retry.
pub(crate) fn contention<E: ProvideErrorMetadata>(operation: &str, error: &SdkError<E>) -> ToolError {
    ToolError::conflict("too many calls change the same data at once; repeat the same call in a moment")
        .with_source(describe(operation, error))
}

/// The error's code, and for a denied request the denied action and resource. It contains nothing else, because
/// messages and debug output may contain items.
pub(crate) fn describe<E: ProvideErrorMetadata>(operation: &str, error: &SdkError<E>) -> String {
    let kind = match error {
        SdkError::TimeoutError(_) => "timeout",
        SdkError::DispatchFailure(_) => "no connection",
        SdkError::ResponseError(_) => "unreadable response",
        _ => "error",
    };
    let code = error.code().unwrap_or(kind);
    match error.message().filter(|_| code == "AccessDeniedException").and_then(denied) {
        Some(Denied { action, resource }) => format!("DynamoDB {operation}: {code}: {action} on {resource}"),
        None => format!("DynamoDB {operation}: {code}"),
    }
}

/// The action and resource that IAM has denied.
#[derive(Debug, PartialEq, Eq)]
struct Denied<'a> {
    action: &'a str,
    resource: &'a str,
}

/// Parses `.. is not authorized to perform: <action> on resource: <ARN> ..`. It accepts only text in the exact form of
/// an action and of a table's or an index's ARN. It never returns the principal.
fn denied(message: &str) -> Option<Denied<'_>> {
    let (_, rest) = message.split_once("is not authorized to perform: ")?;
    let (action, rest) = rest.split_once(" on resource: ")?;
    let resource = rest.split(' ').next()?;
    let name = action.strip_prefix("dynamodb:")?;
    let is_action = (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphabetic());
    (is_action && is_table(resource)).then_some(Denied { action, resource })
}

/// Whether the text has the form `arn:aws:dynamodb:eu-west-1:123456789012:table/Orders`, or is an index of such a
/// table.
fn is_table(arn: &str) -> bool {
    let parts: Vec<&str> = arn.split(':').collect();
    let ["arn", partition, "dynamodb", region, account, resource] = parts.as_slice() else { return false };
    let lower =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let name = |text: &str| {
        (1..=255).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
    };
    let is_resource = match resource.split('/').collect::<Vec<_>>().as_slice() {
        ["table", table] => name(table),
        ["table", table, "index", index] => name(table) && name(index),
        _ => false,
    };
    let is_account = account.len() <= 12 && account.bytes().all(|byte| byte.is_ascii_digit());
    partition.starts_with("aws") && lower(partition) && lower(region) && is_account && is_resource
}

#[cfg(test)]
mod tests {
    use super::*;

    const USER: &str = "User: arn:aws:sts::123456789012:assumed-role/Role/jane@example.com";

    #[test]
    fn a_denied_action_is_reported_with_its_table_and_without_the_principal() {
        for resource in [
            "arn:aws:dynamodb:eu-west-1:123456789012:table/Orders",
            "arn:aws-cn:dynamodb:cn-north-1:123456789012:table/My.Orders_1-a",
            "arn:aws:dynamodb:eu-west-1:123456789012:table/Orders/index/byCustomer",
        ] {
            for why in ["", " because no identity-based policy allows the dynamodb:PutItem action"] {
                let message =
                    format!("{USER} is not authorized to perform: dynamodb:PutItem on resource: {resource}{why}");
                assert_eq!(denied(&message), Some(Denied { action: "dynamodb:PutItem", resource }));
            }
        }
    }

    #[test]
    fn nothing_else_of_a_message_is_reported() {
        let table = "arn:aws:dynamodb:eu-west-1:123456789012:table/Orders";
        for (action, resource) in [
            ("dynamodb:Put Item", table),
            ("dynamodb:", table),
            ("kms:Decrypt", table),
            ("dynamodb:PutItem{\"id\":\"jane\"}", table),
            ("dynamodb:PutItem", "arn:aws:dynamodb:eu-west-1:123456789012:table/jane@example.com"),
            ("dynamodb:PutItem", "arn:aws:dynamodb:eu-west-1:123456789012:table/Orders/item/jane"),
            ("dynamodb:PutItem", "arn:aws:dynamodb:Jane:123456789012:table/Orders"),
            ("dynamodb:PutItem", "arn:aws:dynamodb:eu-west-1:jane:table/Orders"),
            ("dynamodb:PutItem", "jane"),
        ] {
            let message = format!("{USER} is not authorized to perform: {action} on resource: {resource} because");
            assert_eq!(denied(&message), None, "{message}");
        }
        assert_eq!(denied("jane@example.com may not"), None);
    }
}
