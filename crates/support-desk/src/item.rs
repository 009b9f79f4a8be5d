//! Reads and writes DynamoDB attributes. Errors contain the name of the attribute, but not its value.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use crate::{error::DeskError, money::Money};

/// A DynamoDB item.
pub type Item = HashMap<String, AttributeValue>;

pub(crate) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub(crate) fn cents(amount: Money) -> AttributeValue {
    AttributeValue::N(amount.to_cents().to_string())
}

pub(crate) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub(crate) fn map<const N: usize>(members: [(&str, AttributeValue); N]) -> AttributeValue {
    AttributeValue::M(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

/// Typed reads of an item.
pub(crate) trait Read {
    fn find(&self, name: &str) -> Option<&AttributeValue>;

    fn opt_text(&self, name: &str) -> Option<String> {
        self.find(name).and_then(|value| value.as_s().ok()).cloned()
    }

    fn text(&self, name: &str) -> Result<String, DeskError> {
        self.opt_text(name).ok_or_else(|| DeskError::item(name))
    }

    fn integer(&self, name: &str) -> Result<i64, DeskError> {
        let number = self.find(name).and_then(|value| value.as_n().ok());
        number.and_then(|number| number.parse().ok()).ok_or_else(|| DeskError::item(name))
    }

    fn money(&self, name: &str) -> Result<Money, DeskError> {
        self.integer(name).map(Money::cents)
    }

    fn opt_instant(&self, name: &str) -> Result<Option<Timestamp>, DeskError> {
        self.opt_text(name).map(|text| text.parse().map_err(|_| DeskError::item(name))).transpose()
    }

    fn instant(&self, name: &str) -> Result<Timestamp, DeskError> {
        self.opt_instant(name)?.ok_or_else(|| DeskError::item(name))
    }

    /// The maps in a list. Empty where there is no list.
    fn maps(&self, name: &str) -> impl Iterator<Item = &Item> {
        let list = self.find(name).and_then(|value| value.as_l().ok());
        list.into_iter().flatten().filter_map(|value| value.as_m().ok())
    }
}

impl Read for Item {
    fn find(&self, name: &str) -> Option<&AttributeValue> {
        self.get(name)
    }
}
