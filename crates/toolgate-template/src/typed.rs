//! Deserialises YAML files other than templates. An error has its line and column.

use std::{path::Path, sync::Arc};

use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

use crate::{
    node::Node,
    parse::{SyntaxError, parse},
    position::Position,
};

/// Deserialises a YAML or JSON text.
///
/// # Errors
/// [`SyntaxError`] if the text is neither YAML nor JSON, or does not match the type.
pub fn from_yaml<T: DeserializeOwned>(text: &str) -> Result<T, SyntaxError> {
    let root = parse(&Arc::from(Path::new("")), text)?;
    serde_path_to_error::deserialize(root.to_json()).map_err(|error| {
        let position = nearest(&root, error.path().iter());
        let path = if position.path().is_empty() { String::new() } else { format!("`{}`: ", position.path()) };
        SyntaxError { line: position.line, column: position.column, reason: format!("{path}{}", error.inner()) }
    })
}

/// The position of the node at this path, or of its nearest existing parent.
fn nearest<'s>(root: &Node, segments: impl Iterator<Item = &'s Segment>) -> Position {
    let (mut node, mut position) = (root, root.position.clone());
    for segment in segments {
        let (next, at) = match segment {
            Segment::Seq { index } => match node.items().get(*index) {
                Some(item) => (item, &item.position),
                None => break,
            },
            Segment::Map { key } => match node.entry(key) {
                Some(entry) => (&entry.node, &entry.position),
                None => break,
            },
            Segment::Enum { .. } | Segment::Unknown => break,
        };
        (node, position) = (next, at.clone());
    }
    position
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    type Rules = BTreeMap<String, Vec<Rule>>;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Rule {
        name: String,
        #[serde(default)]
        limit: Option<u32>,
    }

    #[test]
    fn a_file_is_read_as_a_type() {
        let rules: Rules = from_yaml("Orders:\n  - {name: one, limit: 2}\n  - name: 'two'\n").unwrap();
        let rule = |name: &str, limit| Rule { name: name.to_owned(), limit };
        assert_eq!(rules["Orders"], [rule("one", Some(2)), rule("two", None)]);
    }

    #[test]
    fn a_mistake_has_its_place() {
        let error = |text: &str| from_yaml::<Rules>(text).unwrap_err().to_string();
        let wrong = error("Orders:\n  - name: one\n    limit: many\n");
        assert!(wrong.starts_with("line 3, column 5: `Orders[0].limit`: invalid type: string \"many\""), "{wrong}");
        let missing = error("Orders:\n  - limit: 1\n");
        assert!(missing.starts_with("line 2, column 5: `Orders[0]`: missing field `name`"), "{missing}");
        let unknown = error("Orders:\n  - name: one\n    limits: 1\n");
        assert!(unknown.starts_with("line 3, column 5: `Orders[0].limits`: unknown field `limits`"), "{unknown}");
    }
}
