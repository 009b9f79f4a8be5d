//! Why a policy could not be evaluated. The text contains no value of the call; Cedar's own errors contain names and
//! values.

use cedar_policy::{AuthorizationError, EvaluationError};

/// `policy: reason`.
pub(crate) fn error_text(error: &AuthorizationError) -> String {
    let AuthorizationError::PolicyEvaluationError(error) = error;
    let why = match error.inner() {
        EvaluationError::EntityDoesNotExist(_) => "it uses an entity that the gateway does not have",
        EvaluationError::EntityAttrDoesNotExist(_) => {
            "it reads an attribute or tag that the caller does not have; check with `has` or `hasTag` first"
        }
        EvaluationError::RecordAttrDoesNotExist(_) => {
            "it reads an optional field that the call does not have; check with `has` first"
        }
        EvaluationError::TypeError(_) => "it compares values of different types",
        EvaluationError::IntegerOverflow(_) => "its arithmetic overflows 64 bits",
        EvaluationError::FailedExtensionFunctionExecution(_) => {
            "a `decimal`, `datetime` or `duration` in it is out of range"
        }
        EvaluationError::RecursionLimit(_) => "it is nested too deeply",
        _ => "it cannot be evaluated",
    };
    format!("`{}`: {why}", error.policy_id())
}
