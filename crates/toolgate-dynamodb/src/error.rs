//! Why a commit did not happen.

use std::{collections::HashMap, error::Error, fmt};

use aws_sdk_dynamodb::types::AttributeValue;
use toolgate::ToolError;

/// Why a commit did not happen. With `?` it becomes a [`ToolError`]; a tool that can say more about a failed condition
/// looks at [`Condition`](Self::Condition) first.
#[derive(Debug)]
#[non_exhaustive]
pub enum CommitError {
    /// It has happened before: the first reply, to be returned at once, by `?`.
    Repeat(ToolError),
    /// The condition of one of the tool's own items failed; nothing was written.
    Condition {
        /// Which of the tool's items.
        index: usize,
        /// The item as it is, where the write asked for it (`ReturnValuesOnConditionCheckFailure`).
        item: Option<HashMap<String, AttributeValue>>,
    },
    /// It could not be committed; nothing was written, or the same call may be repeated to find out.
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
            Self::Repeat(_) => f.write_str("it has happened before"),
            Self::Condition { index, .. } => write!(f, "the condition of item {index} failed"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl Error for CommitError {}
