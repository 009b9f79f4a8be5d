//! The filter of a search over the metadata of documents.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_RetrievalFilter.html>

use serde_json::{Map, Value};

use super::error::KnowledgeError;

/// A filter.
#[derive(Debug, Clone)]
pub(crate) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Attribute { key: String, operator: Operator, value: Value },
}

/// A comparison of an attribute with a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Equals,
    NotEquals,
    GreaterThan,
    GreaterThanOrEquals,
    LessThan,
    LessThanOrEquals,
    In,
    NotIn,
    ListContains,
    StartsWith,
    StringContains,
}

impl Operator {
    const ALL: [Self; 11] = [
        Self::Equals,
        Self::NotEquals,
        Self::GreaterThan,
        Self::GreaterThanOrEquals,
        Self::LessThan,
        Self::LessThanOrEquals,
        Self::In,
        Self::NotIn,
        Self::ListContains,
        Self::StartsWith,
        Self::StringContains,
    ];

    /// Its name in the service's model.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Equals => "equals",
            Self::NotEquals => "notEquals",
            Self::GreaterThan => "greaterThan",
            Self::GreaterThanOrEquals => "greaterThanOrEquals",
            Self::LessThan => "lessThan",
            Self::LessThanOrEquals => "lessThanOrEquals",
            Self::In => "in",
            Self::NotIn => "notIn",
            Self::ListContains => "listContains",
            Self::StartsWith => "startsWith",
            Self::StringContains => "stringContains",
        }
    }

    /// Whether a vector store can evaluate it. S3 Vectors compares whole values only.
    fn is_known_to(self, store: &str) -> bool {
        match self {
            Self::StartsWith => store == "OPENSEARCH_SERVERLESS",
            Self::StringContains => store != "S3_VECTORS",
            _ => true,
        }
    }

    /// What its value must be.
    fn takes(self, value: &Value) -> Result<(), &'static str> {
        let is_simple = |value: &Value| value.is_string() || value.is_number() || value.is_boolean();
        let (holds, needed) = match self {
            Self::Equals | Self::NotEquals | Self::ListContains => {
                (is_simple(value), "a string, a number or a boolean")
            }
            Self::GreaterThan | Self::GreaterThanOrEquals | Self::LessThan | Self::LessThanOrEquals => {
                (value.is_number(), "a number")
            }
            Self::In | Self::NotIn => {
                let list = value.as_array().filter(|list| !list.is_empty());
                (list.is_some_and(|list| list.iter().all(is_simple)), "a list of strings, numbers or booleans")
            }
            Self::StartsWith | Self::StringContains => (value.is_string(), "a string"),
        };
        if holds { Ok(()) } else { Err(needed) }
    }

    /// Compares the value of a document with the value of the filter.
    fn holds(self, own: &Value, value: &Value) -> bool {
        let number = |compare: fn(&f64, &f64) -> bool| {
            own.as_f64().zip(value.as_f64()).is_some_and(|(own, value)| compare(&own, &value))
        };
        let among = || value.as_array().is_some_and(|list| list.iter().any(|value| equals(own, value)));
        let text = |test: fn(&str, &str) -> bool| {
            let tested = |own: &Value| own.as_str().zip(value.as_str()).is_some_and(|(own, value)| test(own, value));
            tested(own) || own.as_array().is_some_and(|list| list.iter().any(tested))
        };
        match self {
            Self::Equals => equals(own, value),
            Self::NotEquals => !equals(own, value),
            Self::GreaterThan => number(f64::gt),
            Self::GreaterThanOrEquals => number(f64::ge),
            Self::LessThan => number(f64::lt),
            Self::LessThanOrEquals => number(f64::le),
            Self::In => among(),
            Self::NotIn => !among(),
            Self::ListContains => own.is_array() && equals(own, value),
            Self::StartsWith => own.is_string() && text(|own, value| own.starts_with(value)),
            Self::StringContains => text(|own, value| own.contains(value)),
        }
    }
}

/// Equal values, or a list that has an equal one: so S3 Vectors documents `$eq`. Numbers are equal in every spelling.
fn equals(own: &Value, value: &Value) -> bool {
    match (own, value) {
        (Value::Array(list), value) => list.iter().any(|own| equals(own, value)),
        (Value::Number(own), Value::Number(value)) => own.as_f64() == value.as_f64(),
        (own, value) => own == value,
    }
}

impl Filter {
    /// Reads a filter of which the shape is valid.
    ///
    /// # Errors
    /// A value is of a kind that the operator does not compare, or the vector store does not know the operator.
    pub(super) fn read(filter: &Value, store: &str) -> Result<Self, KnowledgeError> {
        let list = |name: &str| filter.get(name).and_then(Value::as_array);
        let all = |list: &Vec<Value>| list.iter().map(|filter| Self::read(filter, store)).collect::<Result<_, _>>();
        if let Some(filters) = list("andAll") {
            return Ok(Self::All(all(filters)?));
        }
        if let Some(filters) = list("orAll") {
            return Ok(Self::Any(all(filters)?));
        }
        let found = Operator::ALL.into_iter().find_map(|operator| Some((operator, filter.get(operator.name())?)));
        let (operator, attribute) = found.ok_or_else(|| KnowledgeError::invalid("a filter needs an operator"))?;
        let name = operator.name();
        if !operator.is_known_to(store) {
            return Err(KnowledgeError::invalid(format!(
                "the filter `{name}` is not supported by a knowledge base on {store}: use `equals`, `in` or `listContains`"
            )));
        }
        let key = attribute.get("key").and_then(Value::as_str).unwrap_or_default().to_owned();
        let value = attribute.get("value").cloned().unwrap_or_default();
        match operator.takes(&value) {
            Ok(()) => Ok(Self::Attribute { key, operator, value }),
            Err(needed) => Err(KnowledgeError::invalid(format!("the value of the filter `{name}` must be {needed}"))),
        }
    }

    /// Whether a document with this metadata fulfils the filter.
    ///
    /// A document without the attribute fulfils `notEquals` only, as the service documents it.
    pub(crate) fn holds(&self, metadata: &Map<String, Value>) -> bool {
        match self {
            Self::All(filters) => filters.iter().all(|filter| filter.holds(metadata)),
            Self::Any(filters) => filters.iter().any(|filter| filter.holds(metadata)),
            Self::Attribute { key, operator, value } => match metadata.get(key) {
                Some(own) => operator.holds(own, value),
                None => *operator == Operator::NotEquals,
            },
        }
    }
}
