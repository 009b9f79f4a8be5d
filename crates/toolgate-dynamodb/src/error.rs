//! Why a commit did not happen.

use std::{collections::HashMap, error::Error, fmt};

use aws_sdk_dynamodb::types::AttributeValue;
use toolgate::ToolError;

/// Why a commit did not happen. With `?` it becomes a [`ToolError`]. A tool that has a better message for a failed
/// condition matches [`Condition`](Self::Condition) first.
#[derive(Debug)]
#[non_exhaustive]
pub enum CommitError {
    /// The effect has happened before. Return the first reply at once, with `?`.
    Repeat(ToolError),
    /// The condition of one of the tool's own items failed; nothing was written.
    Condition {
        /// The index in the tool's items.
        index: usize,
        /// The current item, where the write requested it (`ReturnValuesOnConditionCheckFailure`).
        item: Option<HashMap<String, AttributeValue>>,
    },
    /// The commit failed. Either nothing was written, or the same call can be repeated to find out.
    Failed(ToolError),
}

impl From<CommitError> for ToolError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Repeat(error) | CommitError::Failed(error) => error,
            CommitError::Condition { .. } => Self::conflict("the data has changed meanwhile; look again"),
        }
    }
}

impl fmt::Display for CommitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repeat(_) => f.write_str("the effect has happened before"),
            Self::Condition { index, .. } => write!(f, "the condition of item {index} failed"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl Error for CommitError {}
