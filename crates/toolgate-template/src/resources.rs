//! The resources of a deployment: those without a condition, and those whose condition holds.

use std::borrow::Cow;

use crate::{evaluate::Evaluator, node::Node, position::Position};

/// One resource of the template.
#[derive(Debug)]
pub(crate) struct Resource<'a> {
    pub(crate) id: &'a str,
    pub(crate) body: &'a Node,
    /// Not evaluated. An empty map if the resource has no properties.
    pub(crate) properties: Cow<'a, Node>,
}

impl Resource<'_> {
    pub(crate) fn position(&self) -> &Position {
        &self.body.position
    }
}

/// The resources of one of these types, in the template's order.
pub(crate) fn resources<'a>(evaluator: &Evaluator<'a>, types: &[&str]) -> Vec<Resource<'a>> {
    let source = evaluator.source;
    let of_type = source.resources().iter().filter(|entry| {
        let kind = entry.node.text_of("Type");
        kind.is_some_and(|kind| types.contains(&kind))
    });
    let wanted = of_type.filter(|entry| match entry.node.get("Condition") {
        Some(condition) => evaluator.holds(condition.text().unwrap_or_default(), &condition.position),
        None => true,
    });
    let resource = wanted.map(|entry| Resource {
        id: &entry.name,
        body: &entry.node,
        properties: match entry.node.get("Properties") {
            Some(properties) => Cow::Borrowed(properties),
            None => Cow::Owned(Node::empty_map(entry.node.position.member("Properties"))),
        },
    });
    resource.collect()
}
