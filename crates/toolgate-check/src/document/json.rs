//! A node as a JSON value, for those who check values and not places.

use serde_json::{Number, Value};

use super::{Node, Tree};

impl Node {
    pub(crate) fn to_json(&self) -> Value {
        match &self.tree {
            Tree::Scalar { text, plain: true } => plain(text),
            Tree::Scalar { text, .. } => Value::String(text.clone()),
            Tree::List(items) => items.iter().map(Node::to_json).collect(),
            Tree::Map(entries) => entries.iter().map(|entry| (entry.name.clone(), entry.node.to_json())).collect(),
        }
    }
}

fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" => Value::Null,
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        _ => {
            let integer = text.parse::<i64>().ok().map(Number::from);
            let number = integer.or_else(|| text.parse().ok().and_then(Number::from_f64));
            number.map_or_else(|| Value::String(text.to_owned()), Value::Number)
        }
    }
}
