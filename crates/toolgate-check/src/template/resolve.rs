//! The intrinsic functions. What only a deployment knows stays as `${Resource}` or `${Resource.Attribute}`, whichever
//! of `!Ref`, `!GetAtt` and `!Sub` said it, so that two ways to name one thing are one text.

use std::cell::RefCell;

use super::{Includes, Settings};
use crate::document::{Entry, Node, Place, Tree};

pub(crate) struct Scope<'p> {
    pub(crate) template: &'p Node,
    pub(crate) settings: &'p Settings,
    pub(crate) includes: &'p Includes,
    /// What could not be included, and where.
    pub(crate) broken: RefCell<Vec<(Place, String)>>,
}

impl<'p> Scope<'p> {
    pub(crate) fn new(template: &'p Node, settings: &'p Settings, includes: &'p Includes) -> Self {
        Self { template, settings, includes, broken: RefCell::default() }
    }

    /// The node with every intrinsic resolved; `None` for `AWS::NoValue`.
    pub(crate) fn resolve(&self, node: &Node) -> Option<Node> {
        let tree = match &node.tree {
            Tree::Scalar { .. } => return Some(node.clone()),
            Tree::List(items) => Tree::List(items.iter().filter_map(|item| self.resolve(item)).collect()),
            Tree::Map(entries) => match entries.as_slice() {
                [only] if only.name == "Ref" || (only.name.starts_with("Fn::") && only.name != "Fn::Transform") => {
                    return self.intrinsic(only, &node.place);
                }
                _ => return Some(self.members(node, entries)),
            },
        };
        Some(Node { place: node.place.clone(), tree })
    }

    pub(crate) fn text(&self, node: &Node) -> Option<String> {
        self.resolve(node)?.text().map(str::to_owned)
    }

    fn members(&self, node: &Node, entries: &[Entry]) -> Node {
        let mut members = Vec::new();
        for entry in entries {
            if entry.name == "Fn::Transform" {
                match self.include(&entry.node) {
                    Some(Node { tree: Tree::Map(included), .. }) => members.extend(included),
                    Some(other) if entries.len() == 1 => return other,
                    _ => {}
                }
            } else if let Some(node) = self.resolve(&entry.node) {
                members.push(Entry { name: entry.name.clone(), place: entry.place.clone(), node });
            }
        }
        Node { place: node.place.clone(), tree: Tree::Map(members) }
    }

    fn include(&self, transform: &Node) -> Option<Node> {
        let location = transform.at(&["Parameters", "Location"]);
        let location = location.filter(|_| transform.text_of("Name") == Some("AWS::Include"))?;
        let path = self.text(location)?;
        if path.contains("://") || path.contains("${") {
            return None;
        }
        match self.includes.read(&path) {
            Ok(node) => self.resolve(&node),
            Err(reason) => {
                self.broken.borrow_mut().push((location.place.clone(), reason));
                None
            }
        }
    }

    fn intrinsic(&self, entry: &Entry, place: &Place) -> Option<Node> {
        let text = |text: String| Some(Node::scalar(place.clone(), text));
        let parts = entry.node.items();
        match (entry.name.as_str(), parts) {
            ("Ref", _) => match entry.node.text()? {
                "AWS::NoValue" => None,
                name => text(self.name(name)),
            },
            ("Fn::GetAtt", [resource, attribute]) => {
                text(format!("${{{}.{}}}", resource.text()?, self.text(attribute)?))
            }
            ("Fn::GetAtt", _) => text(format!("${{{}}}", entry.node.text()?)),
            ("Fn::Sub", [pattern, names]) => {
                let text = self.substitute(pattern.text()?, Some(names));
                // a block of text, whose lines a finding may point at
                Some(Node::scalar(pattern.place.clone(), text))
            }
            ("Fn::Sub", _) => text(self.substitute(entry.node.text()?, None)),
            ("Fn::If", [condition, yes, no]) => self.resolve(if self.holds(condition.text()?) { yes } else { no }),
            ("Fn::Join", [separator, items]) => {
                let items = self.resolve(items)?;
                let texts: Vec<&str> = items.items().iter().filter_map(Node::text).collect();
                text(texts.join(&self.text(separator)?))
            }
            ("Fn::Split", [separator, whole]) => {
                let (separator, whole) = (self.text(separator)?, self.text(whole)?);
                let parts = whole.split(separator.as_str()).map(|part| Node::scalar(place.clone(), part));
                Some(Node { place: place.clone(), tree: Tree::List(parts.collect()) })
            }
            ("Fn::Select", [index, items]) => {
                let items = self.resolve(items)?;
                items.items().get(self.text(index)?.parse::<usize>().ok()?).cloned()
            }
            ("Fn::FindInMap", [map, first, second, ..]) => {
                let keys = [self.text(map)?, self.text(first)?, self.text(second)?];
                let found = self.template.at(&["Mappings", &keys[0], &keys[1], &keys[2]]).cloned();
                found
                    .map(|node| Node { place: place.clone(), ..node })
                    .or_else(|| text(format!("${{{}}}", keys.join("."))))
            }
            ("Fn::ToJsonString", _) => text(self.resolve(&entry.node)?.to_json().to_string()),
            (name, _) => text(format!("${{{name}}}")),
        }
    }

    /// A parameter's value, or the name of what only a deployment knows.
    fn name(&self, name: &str) -> String {
        self.settings.get(name).cloned().unwrap_or_else(|| format!("${{{name}}}"))
    }

    fn substitute(&self, pattern: &str, names: Option<&Node>) -> String {
        let mut out = String::new();
        let mut rest = pattern;
        while let Some((before, after)) = rest.split_once("${") {
            out.push_str(before);
            let Some((name, after)) = after.split_once('}') else {
                rest = after;
                continue;
            };
            let name = name.trim();
            match (name.strip_prefix('!'), names.and_then(|names| names.get(name))) {
                (Some(literal), _) => out.push_str(&format!("${{{literal}}}")),
                (None, Some(own)) => out.push_str(&self.text(own).unwrap_or_default()),
                (None, None) => out.push_str(&self.name(name)),
            }
            rest = after;
        }
        out + rest
    }
}
