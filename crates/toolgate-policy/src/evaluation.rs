//! Why a policy could not be evaluated. The text contains no value of the call; Cedar's own errors contain names and
//! values.

use cedar_policy::{AuthorizationError, EvaluationError};

/// `policy: reason`.
pub(crate) fn told(error: &AuthorizationError) -> String {
    let AuthorizationError::PolicyEvaluationError(error) = error;
    let why = match error.inner() {
        EvaluationError::EntityDoesNotExist(_) => "it uses an entity that the gateway does not have",
        EvaluationError::EntityAttrDoesNotExist(_) => {
            "it reads an attribute or tag that the caller does not have; ask with `has` or `hasTag` first"
        }
        EvaluationError::RecordAttrDoesNotExist(_) => {
            "it reads an optional field that the call does not have; ask with `has` first"
        }
        EvaluationError::TypeError(_) => "it compares values of different types",
        EvaluationError::IntegerOverflow(_) => "its arithmetic goes beyond 64 bits",
        EvaluationError::FailedExtensionFunctionExecution(_) => {
            "a `decimal`, `datetime` or `duration` in it goes beyond what these can hold"
        }
        EvaluationError::RecursionLimit(_) => "it is nested too deeply",
        _ => "it cannot be evaluated",
    };
    format!("`{}`: {why}", error.policy_id())
}
