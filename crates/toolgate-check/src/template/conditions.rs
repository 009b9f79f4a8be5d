//! `Conditions`, and the functions that they are made of.

use super::Scope;
use crate::document::Node;

/// A condition that needs itself would never end.
const DEEPEST: usize = 32;

impl Scope<'_> {
    pub(crate) fn holds(&self, condition: &str) -> bool {
        self.named(condition, 0)
    }

    fn named(&self, name: &str, depth: usize) -> bool {
        let condition = self.template.at(&["Conditions", name]);
        depth < DEEPEST && condition.is_some_and(|node| self.evaluate(node, depth + 1))
    }

    fn evaluate(&self, node: &Node, depth: usize) -> bool {
        let Some(entry) = node.entries().first() else { return node.is_true() };
        let parts = entry.node.items();
        match entry.name.as_str() {
            "Condition" => entry.node.text().is_some_and(|name| self.named(name, depth)),
            "Fn::Not" => !parts.iter().any(|part| self.evaluate(part, depth)),
            "Fn::And" => parts.iter().all(|part| self.evaluate(part, depth)),
            "Fn::Or" => parts.iter().any(|part| self.evaluate(part, depth)),
            "Fn::Equals" => {
                let texts: Vec<String> = parts.iter().filter_map(|part| self.text(part)).collect();
                matches!(texts.as_slice(), [one, other] if one == other)
            }
            _ => false,
        }
    }
}
