//! Why the desk says no, in words that the model may read; and failures, which it may not.

use std::error::Error;

use toolgate::ToolError;

/// Why the desk did not do something. All texts but that of [`Store`](Self::Store) are public.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeskError {
    /// There is no such thing, or it is not this caller's.
    #[error("{0}")]
    NotFound(String),
    /// It is not allowed.
    #[error("{0}")]
    Refused(String),
    /// The data is not in a state that allows it.
    #[error("{0}")]
    Conflict(String),
    /// The input makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// DynamoDB failed, or an item is not as it should be. Private.
    #[error("the store failed")]
    Store(#[source] Box<dyn Error + Send + Sync>),
}

impl DeskError {
    /// A failure of a DynamoDB call, by its code: messages and debug output may hold items.
    pub(crate) fn store<E>(error: &E) -> Self
    where
        E: aws_sdk_dynamodb::error::ProvideErrorMetadata,
    {
        Self::Store(format!("DynamoDB: {}", error.code().unwrap_or("no answer")).into())
    }

    /// An item that is not as this crate writes it.
    pub(crate) fn item(what: &str) -> Self {
        Self::Store(format!("an item has no readable `{what}`").into())
    }
}

impl From<DeskError> for ToolError {
    fn from(error: DeskError) -> Self {
        match error {
            DeskError::NotFound(text) => Self::not_found(text),
            DeskError::Refused(text) => Self::refused(text),
            DeskError::Conflict(text) => Self::conflict(text),
            DeskError::Invalid(text) => Self::invalid(text),
            DeskError::Store(source) => Self::internal(source),
        }
    }
}
