//! The errors of the desk: refusals with text for the model, and failures with private text.

use std::error::Error;

use toolgate::ToolError;

/// Why an operation failed. All texts except that of [`Store`](Self::Store) are public.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DeskError {
    /// The object does not exist, or does not belong to this caller.
    #[error("{0}")]
    NotFound(String),
    /// The operation is not allowed.
    #[error("{0}")]
    Refused(String),
    /// The state of the data does not allow the operation.
    #[error("{0}")]
    Conflict(String),
    /// The input is not valid.
    #[error("{0}")]
    Invalid(String),
    /// DynamoDB failed, or an item does not have the expected form. The text is private.
    #[error("the store failed")]
    Store(#[source] Box<dyn Error + Send + Sync>),
}

impl DeskError {
    /// A failed DynamoDB call, described by its code only, because messages and debug output may contain items.
    pub(crate) fn store<E>(error: &E) -> Self
    where
        E: aws_sdk_dynamodb::error::ProvideErrorMetadata,
    {
        Self::Store(format!("DynamoDB: {}", error.code().unwrap_or("no answer")).into())
    }

    /// An item that does not have the form in which this crate writes it.
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
