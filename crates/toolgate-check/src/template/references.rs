//! What a node of the template names, before anything is resolved: parameters and resources.

use std::collections::BTreeSet;

use crate::document::Node;

/// The names in every `!Ref`, `!GetAtt` and `!Sub`, without attributes.
pub(crate) fn references(node: &Node) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let first = |text: &str| text.split('.').next().unwrap_or_default().trim().to_owned();
    node.walk(&mut |node| {
        names.extend(node.text_of("Ref").map(first));
        let attribute = node.get("Fn::GetAtt");
        names.extend(attribute.and_then(|it| it.text().or_else(|| it.items().first()?.text())).map(first));
        let pattern = node.get("Fn::Sub").and_then(|sub| sub.text().or_else(|| sub.items().first()?.text()));
        for part in pattern.unwrap_or_default().split("${").skip(1) {
            names.extend(part.split_once('}').filter(|(name, _)| !name.starts_with('!')).map(|(name, _)| first(name)));
        }
    });
    names
}

/// The conditions that decide between the values of a node.
pub(crate) fn conditions(node: &Node) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    node.walk(&mut |node| {
        names.extend(node.list("Fn::If").first().and_then(Node::text).map(str::to_owned));
    });
    names
}
