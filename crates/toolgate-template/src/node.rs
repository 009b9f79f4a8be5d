//! A YAML or JSON file as a tree in which every node has its position.

use crate::position::Position;

/// A value of a file, with its position.
#[derive(Debug, Clone)]
pub struct Node {
    /// The position of the value.
    pub position: Position,
    /// The value.
    pub tree: Tree,
}

/// A value of a file.
#[derive(Debug, Clone)]
pub enum Tree {
    /// Text, a number, a boolean or null. CloudFormation reads all of them as text, so the original spelling is kept.
    Scalar {
        /// The text.
        text: String,
        /// Whether it is unquoted, so that `true` differs from `"true"`.
        plain: bool,
    },
    /// A list.
    List(Vec<Node>),
    /// A map, in the order of the file.
    Map(Vec<Entry>),
}

/// A member of a map.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The member's name.
    pub name: String,
    /// The position of the name. A message about the member points to it.
    pub position: Position,
    /// The member's value.
    pub node: Node,
}

impl Node {
    /// A text.
    pub fn scalar(position: Position, text: impl Into<String>) -> Self {
        Self { position, tree: Tree::Scalar { text: text.into(), plain: false } }
    }

    /// A list.
    pub fn list_of(position: Position, items: Vec<Self>) -> Self {
        Self { position, tree: Tree::List(items) }
    }

    /// A map without members.
    pub fn empty_map(position: Position) -> Self {
        Self { position, tree: Tree::Map(Vec::new()) }
    }

    /// The members of a map; empty for any other value.
    pub fn entries(&self) -> &[Entry] {
        match &self.tree {
            Tree::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; empty for any other value.
    pub fn items(&self) -> &[Self] {
        match &self.tree {
            Tree::List(items) => items,
            _ => &[],
        }
    }

    /// The items of a list, or a single value as a list, as IAM allows it.
    pub fn one_or_more(&self) -> &[Self] {
        match &self.tree {
            Tree::List(items) => items,
            _ => std::slice::from_ref(self),
        }
    }

    /// The text of a scalar in its original spelling. `null` is an empty or short text.
    pub fn text(&self) -> Option<&str> {
        match &self.tree {
            Tree::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The text of a scalar as CloudFormation reads it: numbers and booleans are text, `null` is `None`.
    pub fn string(&self) -> Option<&str> {
        self.text().filter(|_| !self.is_null())
    }

    /// Whether the value is null: `null`, `~`, or empty.
    pub fn is_null(&self) -> bool {
        matches!(&self.tree, Tree::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }

    /// Whether the value is true. CloudFormation accepts `"true"` as well as `true`.
    pub fn is_true(&self) -> bool {
        self.text().is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    /// Whether the value is a map.
    pub fn is_map(&self) -> bool {
        matches!(self.tree, Tree::Map(_))
    }

    /// Whether the value is a list.
    pub fn is_list(&self) -> bool {
        matches!(self.tree, Tree::List(_))
    }

    /// A member with the position of its name.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.name == name)
    }

    /// A member's value.
    pub fn get(&self, name: &str) -> Option<&Self> {
        self.entry(name).map(|entry| &entry.node)
    }

    /// The value at the end of a path of names.
    pub fn at(&self, names: &[&str]) -> Option<&Self> {
        names.iter().try_fold(self, |node, name| node.get(name))
    }

    /// The text of a member.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Self::text)
    }

    /// The items of a member that is a list.
    pub fn list(&self, name: &str) -> &[Self] {
        self.get(name).map_or(&[], Self::items)
    }

    /// The entries of a member that is a map.
    pub fn members(&self, name: &str) -> &[Entry] {
        self.get(name).map_or(&[], Self::entries)
    }

    /// The position of a member's name, or of this node if the member is missing. Unlike [`Self::position_of`], the path
    /// of a missing member is this node's.
    pub fn nearest_position(&self, name: &str) -> &Position {
        self.entry(name).map_or(&self.position, |entry| &entry.position)
    }

    /// The position of a member's name, or of this node if the member is missing.
    pub fn position_of(&self, name: &str) -> Position {
        self.entry(name).map_or_else(|| self.position.member(name), |entry| entry.position.clone())
    }

    /// Visits this node and all nodes below it.
    pub fn walk<'n>(&'n self, visit: &mut impl FnMut(&'n Self)) {
        visit(self);
        match &self.tree {
            Tree::Scalar { .. } => {}
            Tree::List(items) => items.iter().for_each(|item| item.walk(visit)),
            Tree::Map(entries) => entries.iter().for_each(|entry| entry.node.walk(visit)),
        }
    }
}
