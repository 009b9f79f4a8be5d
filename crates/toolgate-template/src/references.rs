//! The names in a part of a template before evaluation: parameters, resources and conditions.

use std::collections::BTreeSet;

use crate::{
    node::Node,
    substitution::{Part, parts, pattern},
};

/// The names in every `!Ref`, `!GetAtt` and `!Sub`, without attributes.
pub fn references(node: &Node) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let first = |text: &str| text.split('.').next().unwrap_or_default().trim().to_owned();
    node.walk(&mut |node| {
        names.extend(node.text_of("Ref").map(first));
        let attribute = node.get("Fn::GetAtt");
        names.extend(attribute.and_then(|it| it.text().or_else(|| it.items().first()?.text())).map(first));
        let text = pattern(node).and_then(Node::text).unwrap_or_default();
        names.extend(parts(text).into_iter().flatten().filter_map(|part| match part {
            Part::Name(name) => Some(first(name)),
            Part::Text(_) | Part::Literal(_) => None,
        }));
    });
    names
}

/// The conditions that select the values of a node.
pub fn conditions(node: &Node) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    node.walk(&mut |node| {
        names.extend(node.list("Fn::If").first().and_then(Node::text).map(str::to_owned));
    });
    names
}
