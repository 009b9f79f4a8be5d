//! `Fn::FindInMap`, maps with their members, and `Fn::Transform: AWS::Include`.

use super::Evaluator;
use crate::{
    node::{Entry, Node, Tree},
    position::Position,
};

impl Evaluator<'_> {
    pub(super) fn find_in_map(&self, keys: [&Node; 3], options: Option<&Node>, position: &Position) -> Option<Node> {
        let [map, first, second] = keys.map(|key| self.text(key));
        let (map, first, second) = (map?, first?, second?);
        if let Some(found) = self.source.at(&["Mappings", &map, &first, &second]) {
            return Some(Node { position: position.clone(), ..found.clone() });
        }
        let path = format!("{map}.{first}.{second}");
        // The key's value is unknown until a deployment, so the map may contain it.
        let is_known = !(self.names.keep_unknown() && path.contains("${"));
        if let Some(default) = options.and_then(|options| options.get("DefaultValue")).filter(|_| is_known) {
            return self.resolve(default);
        }
        self.unknown(position, &path, || format!("`Mappings.{path}` does not exist"))
    }

    /// A map with every member evaluated, including the members of an included file.
    pub(super) fn members(&self, node: &Node) -> Option<Node> {
        let (entries, position) = (node.entries(), node.position.clone());
        let own = entries.iter().filter(|entry| entry.name != "Fn::Transform");
        let own = own.filter_map(|Entry { name, position, node }| {
            Some(Entry { name: name.clone(), position: position.clone(), node: self.resolve(node)? })
        });
        let mut members: Vec<Entry> = own.collect();
        if let Some(transform) = node.get("Fn::Transform") {
            match self.include(transform) {
                Some(Node { tree: Tree::Map(included), .. }) => {
                    for entry in included {
                        members.retain(|own| own.name != entry.name);
                        members.push(entry);
                    }
                }
                Some(other) if entries.len() == 1 => return Some(other),
                None if entries.len() == 1 && !self.names.keep_unknown() => return None,
                _ => {}
            }
        }
        Some(Node { position, tree: Tree::Map(members) })
    }

    fn include(&self, transform: &Node) -> Option<Node> {
        let name = transform.text_of("Name").unwrap_or_default();
        if name != "AWS::Include" {
            let message = format!("the local agent supports the transform `AWS::Include`, not `{name}`");
            self.problem(&transform.position, message);
            return None;
        }
        let Some(written) = transform.at(&["Parameters", "Location"]) else {
            self.problem(&transform.position, "`AWS::Include` needs `Parameters.Location`");
            return None;
        };
        let location = self.text(written)?;
        if location.contains("${") && self.names.keep_unknown() {
            return None;
        }
        if location.contains("://") {
            let message = format!("`{location}` is not a local file; name one for `sam package` to upload");
            self.problem(&written.position, message);
            return None;
        }
        match self.source.includes.read(&location) {
            Ok(node) => self.resolve(&node),
            Err(reason) => {
                self.problems.note_include(&written.position, reason);
                None
            }
        }
    }
}
