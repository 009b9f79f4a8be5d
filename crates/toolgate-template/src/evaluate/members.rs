//! Members of objects that are not evaluated as a whole. A role, for example, may contain values that cannot be
//! evaluated here.

use super::{Evaluator, function};
use crate::node::Node;

impl Evaluator<'_> {
    /// Evaluates a member of an object.
    pub(crate) fn member(&self, object: &Node, name: &str) -> Option<Node> {
        match object.get(name) {
            Some(value) => self.resolve(value),
            // The object may itself be the result of an intrinsic function.
            None if is_computed(object) => self.resolve(object)?.get(name).cloned(),
            None => None,
        }
    }

    /// A member that is text. Numbers and booleans are converted to text.
    pub(crate) fn text_member(&self, object: &Node, name: &str) -> Option<String> {
        let value = self.member(object, name)?;
        let text = value.string().map(str::to_owned);
        if text.is_none() {
            self.problem(&value.position, "this should be text");
        }
        text
    }
}

fn is_computed(object: &Node) -> bool {
    function(object.entries()).is_some() || object.get("Fn::Transform").is_some()
}
