//! A node as a JSON value, for readers that need values and not positions.

use serde_json::{Number, Value};

use crate::node::{Node, Tree};

impl Node {
    /// The value. Unquoted scalars get the types that YAML defines for them.
    pub fn to_json(&self) -> Value {
        match &self.tree {
            _ if self.is_null() => Value::Null,
            Tree::Scalar { text, plain: true } => plain(text),
            Tree::Scalar { text, .. } => Value::String(text.clone()),
            Tree::List(items) => items.iter().map(Self::to_json).collect(),
            Tree::Map(entries) => entries.iter().map(|entry| (entry.name.clone(), entry.node.to_json())).collect(),
        }
    }
}

/// Types of YAML's core schema.
fn plain(text: &str) -> Value {
    match text {
        "true" | "True" | "TRUE" => Value::Bool(true),
        "false" | "False" | "FALSE" => Value::Bool(false),
        _ => number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number),
    }
}

fn number(text: &str) -> Option<Number> {
    let radix = |digits: &str, radix| u64::from_str_radix(digits, radix).ok().map(Number::from);
    if let Some(digits) = text.strip_prefix("0x") {
        return radix(digits, 16);
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return radix(digits, 8);
    }
    // A number with a leading zero is an id whose zero must be kept.
    let digits = text.trim_start_matches(['+', '-']);
    if digits.starts_with('0') && digits.chars().nth(1).is_some_and(|second| second.is_ascii_digit()) {
        return None;
    }
    // Rust parses `inf` and `nan` as numbers, YAML does not.
    if !text.chars().all(|char| char.is_ascii_digit() || "+-.eE".contains(char)) {
        return None;
    }
    let whole = text.parse::<i64>().map(Number::from).or_else(|_| text.parse::<u64>().map(Number::from));
    whole.ok().or_else(|| text.parse().ok().and_then(Number::from_f64))
}
