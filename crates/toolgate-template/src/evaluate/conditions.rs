//! `Conditions`: they decide which resources and branches of the template exist in a deployment.

use super::Evaluator;
use crate::{node::Node, position::Position};

impl Evaluator<'_> {
    /// Whether a named condition holds. `position` is where it is named. A condition that cannot be evaluated counts as
    /// false.
    pub fn holds(&self, name: &str, position: &Position) -> bool {
        self.is_condition_met(name, position).unwrap_or_default()
    }

    /// Whether a named condition holds; `None` if it cannot be evaluated, which adds a problem.
    fn is_condition_met(&self, name: &str, position: &Position) -> Option<bool> {
        if self.assumed.borrow().as_deref() == Some(name) {
            return Some(true);
        }
        let Some(expression) = self.source.at(&["Conditions", name]) else {
            self.problem(position, format!("there is no condition `{name}`"));
            return None;
        };
        self.within(&format!("the condition `{name}`"), position, || self.is_met(expression)).flatten()
    }

    /// Whether an expression holds; `None` if it cannot be evaluated, which adds a problem.
    fn is_met(&self, expression: &Node) -> Option<bool> {
        let [only] = expression.entries() else { return self.no_condition(expression) };
        match (only.name.as_str(), only.node.items()) {
            ("Condition", _) => match only.node.string() {
                Some(name) => self.is_condition_met(name, &expression.position),
                None => self.no_condition(expression),
            },
            ("Fn::Equals", [left, right]) => {
                let (left, right) = (self.text(left), self.text(right));
                Some(left? == right?)
            }
            ("Fn::Not", [inner]) => Some(!self.is_met(inner)?),
            ("Fn::And", parts) if !parts.is_empty() => self.first(parts, false).map(|found| !found),
            ("Fn::Or", parts) if !parts.is_empty() => self.first(parts, true),
            _ => self.no_condition(expression),
        }
    }

    /// Whether any part equals `wanted`. The parts after the first such part are not evaluated.
    fn first(&self, parts: &[Node], wanted: bool) -> Option<bool> {
        for part in parts {
            if self.is_met(part)? == wanted {
                return Some(true);
            }
        }
        Some(false)
    }

    fn no_condition(&self, expression: &Node) -> Option<bool> {
        self.problem(&expression.position, "this is not a condition: use Equals, Not, And, Or or Condition");
        None
    }
}
