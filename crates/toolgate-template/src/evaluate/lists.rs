//! `Fn::Join`, `Fn::Split`, `Fn::Select` and `Fn::Length`.

use super::Evaluator;
use crate::{
    node::{Node, Tree},
    position::Position,
};

impl Evaluator<'_> {
    pub(super) fn join(&self, separator: &Node, items: &Node, position: &Position) -> Option<Node> {
        let separator = self.text(separator)?;
        let items = self.resolve(items)?;
        if !items.is_list() && self.names.keep_unknown() {
            // A list whose value only a deployment has.
            return Some(items);
        }
        let texts: Vec<Option<&str>> = items.items().iter().map(Node::string).collect();
        if (texts.contains(&None) || !items.is_list()) && !self.names.keep_unknown() {
            self.problem(position, "`Fn::Join` can only join texts");
            return None;
        }
        let texts: Vec<&str> = texts.into_iter().flatten().collect();
        Some(Node::scalar(position.clone(), texts.join(&separator)))
    }

    pub(super) fn split(&self, separator: &Node, whole: &Node, position: &Position) -> Option<Node> {
        let (separator, whole) = (self.text(separator)?, self.text(whole)?);
        let parts = whole.split(separator.as_str()).map(|part| Node::scalar(position.clone(), part));
        Some(Node::list_of(position.clone(), parts.collect()))
    }

    pub(super) fn select(&self, index: &Node, items: &Node, position: &Position) -> Option<Node> {
        let items = self.resolve(items)?;
        let index = self.text(index)?;
        let chosen = index.parse::<usize>().ok().and_then(|index| items.items().get(index).cloned());
        chosen.or_else(|| self.unknown(position, "Fn::Select", || format!("`Fn::Select` finds no item `{index}`")))
    }

    pub(super) fn length(&self, items: &Node, position: &Position) -> Option<Node> {
        let items = self.resolve(items)?;
        if items.is_list() {
            let text = items.items().len().to_string();
            return Some(Node { position: position.clone(), tree: Tree::Scalar { text, plain: true } });
        }
        self.unknown(position, "Fn::Length", || "`Fn::Length` needs a list".to_owned())
    }
}
