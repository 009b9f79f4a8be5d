//! `Conditions`: which of the template's resources and branches exist in this deployment.

use serde_json::Value;

use super::scope::Scope;

impl Scope<'_> {
    /// Whether a named condition holds.
    pub(super) fn condition(&self, name: &str, at: &str) -> bool {
        if self.is_assumed(name) {
            return true;
        }
        let Some(expression) = self.document.get(&["Conditions", name]) else {
            self.problem(at, format!("there is no condition `{name}`"));
            return false;
        };
        if self.open_conditions.borrow().iter().any(|open| open == name) {
            self.problem(at, format!("the condition `{name}` depends on itself"));
            return false;
        }
        self.open_conditions.borrow_mut().push(name.to_owned());
        let holds = self.holds(expression, &format!("Conditions.{name}"));
        self.open_conditions.borrow_mut().pop();
        holds
    }

    fn holds(&self, expression: &Value, at: &str) -> bool {
        let (key, argument) = match expression.as_object().map(|object| (object.len(), object.iter().next())) {
            Some((1, Some((key, argument)))) => (key.as_str(), argument),
            _ => return self.no_condition(at),
        };
        let parts = argument.as_array().map_or(&[] as &[Value], Vec::as_slice);
        match (key, parts) {
            ("Condition", _) => {
                argument.as_str().map_or_else(|| self.no_condition(at), |name| self.condition(name, at))
            }
            ("Fn::Equals", [left, right]) => {
                // two sides that cannot be read are not the same
                let side = |value| self.text_of(value, at);
                let (left, right) = (side(left), side(right));
                left.is_some() && left == right
            }
            ("Fn::Not", [inner]) => !self.holds(inner, at),
            ("Fn::And", parts) if !parts.is_empty() => parts.iter().all(|part| self.holds(part, at)),
            ("Fn::Or", parts) if !parts.is_empty() => parts.iter().any(|part| self.holds(part, at)),
            _ => self.no_condition(at),
        }
    }

    fn no_condition(&self, at: &str) -> bool {
        self.problem(at, "this is no condition: use Equals, Not, And, Or or Condition");
        false
    }
}
