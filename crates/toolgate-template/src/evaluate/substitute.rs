//! `Fn::Sub`: names in `${…}` inside a text.

use super::Evaluator;
use crate::{
    node::Node,
    position::Position,
    substitution::{Part, parts},
};

impl Evaluator<'_> {
    pub(super) fn substitute(&self, pattern: &Node, names: Option<&Node>) -> Option<String> {
        let Some(parts) = pattern.string().and_then(|text| parts(text).ok()) else {
            self.problem(&pattern.position, "`Fn::Sub` needs a text");
            return None;
        };
        let mut text = String::new();
        for part in parts {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Literal(name) => text.push_str(&format!("${{{name}}}")),
                Part::Name(name) => text.push_str(&self.replacement(name, names, &pattern.position)?),
            }
        }
        Some(text)
    }

    fn replacement(&self, name: &str, names: Option<&Node>, position: &Position) -> Option<String> {
        let value = match (names.and_then(|names| names.get(name)), name.split_once('.')) {
            (Some(own), _) => self.resolve(own),
            (None, Some((resource, attribute))) => self.attribute(resource, attribute, position),
            (None, None) => self.reference(name, position),
        };
        let text = value.as_ref().and_then(Node::string).map(str::to_owned);
        if text.is_none() && self.names.keep_unknown() {
            return Some(format!("${{{name}}}"));
        }
        if text.is_none() && value.is_some() {
            self.problem(position, format!("`{name}` is not a text, which `Fn::Sub` needs"));
        }
        text
    }
}
