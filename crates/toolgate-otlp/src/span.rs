//! A finished span.

use std::{borrow::Cow, time::SystemTime};

use crate::context::Context;

/// A finished span. Its attributes and events must not have values of a call.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Span {
    /// Its ids.
    pub context: Context,
    /// The id of the parent.
    pub parent: Option<u64>,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// The beginning.
    pub start: SystemTime,
    /// The end.
    pub end: SystemTime,
    /// Its attributes.
    pub attributes: Vec<(&'static str, Value)>,
    /// What happened at one moment.
    pub events: Vec<Event>,
    /// Whether what the span describes has failed.
    pub is_error: bool,
}

impl Span {
    /// A span that begins and ends now.
    pub fn new(context: Context, parent: Option<u64>, name: impl Into<String>, kind: Kind) -> Self {
        let now = SystemTime::now();
        let (attributes, events) = (Vec::new(), Vec::new());
        Self { context, parent, name: name.into(), kind, start: now, end: now, attributes, events, is_error: false }
    }

    /// Adds an attribute.
    pub fn set(&mut self, name: &'static str, value: impl Into<Value>) {
        self.attributes.push((name, value.into()));
    }
}

/// The kind of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Work inside of a program.
    Internal,
    /// The answer to a request.
    Server,
    /// A request to another program.
    Client,
}

/// An event of a span.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Event {
    /// Its name.
    pub name: &'static str,
    /// Its time.
    pub time: SystemTime,
    /// Its attributes.
    pub attributes: Vec<(&'static str, Value)>,
}

impl Event {
    /// An event.
    pub const fn new(name: &'static str, time: SystemTime, attributes: Vec<(&'static str, Value)>) -> Self {
        Self { name, time, attributes }
    }
}

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// A text.
    Text(Cow<'static, str>),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Double(f64),
    /// A truth value.
    Bool(bool),
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Double(number)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}
