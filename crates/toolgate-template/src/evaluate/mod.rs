//! The intrinsic functions. Each is replaced by the plain value that it has in a deployment.
//!
//! [`Names`] resolves names: on a laptop every value is known, while a check of many deployments leaves the values that
//! only a deployment has as `${Name}`.

mod conditions;
mod lists;
mod maps;
mod members;
mod substitute;

use std::{cell::RefCell, fmt};

use crate::{
    node::{Entry, Node, Tree},
    position::Position,
    problem::{Problem, Problems},
    source::Source,
};

/// Resolves the names in a template.
pub(crate) trait Names: fmt::Debug {
    /// The value of `Ref`; `None` if it does not exist, which adds a problem.
    fn reference(&self, evaluator: &Evaluator<'_>, name: &str, position: &Position) -> Option<Node>;

    /// The value of `Fn::GetAtt`; `None` if it does not exist, which adds a problem.
    fn attribute(&self, evaluator: &Evaluator<'_>, resource: &str, name: &str, position: &Position) -> Option<Node>;

    /// Whether an unknown value stays as `${Name}`. Otherwise it is a problem.
    fn keep_unknown(&self) -> bool;
}

/// Evaluates parts of a template and collects the problems.
#[derive(Debug)]
pub struct Evaluator<'a> {
    pub(crate) source: &'a Source,
    pub(crate) problems: Problems,
    names: Box<dyn Names + 'a>,
    /// The names that are being evaluated, to detect cycles.
    open: RefCell<Vec<String>>,
    /// A condition that is treated as true, whatever the template declares.
    assumed: RefCell<Option<String>>,
}

impl<'a> Evaluator<'a> {
    pub(crate) fn new(source: &'a Source, names: impl Names + 'a) -> Self {
        Self {
            source,
            problems: Problems::default(),
            names: Box::new(names),
            open: RefCell::default(),
            assumed: RefCell::default(),
        }
    }

    /// The problems so far, in the order of the file.
    pub fn into_problems(self) -> Vec<Problem> {
        self.problems.into_vec()
    }

    pub(crate) fn problem(&self, position: &Position, message: impl Into<String>) {
        self.problems.note(position, message);
    }

    /// The node with every intrinsic in it evaluated; `None` for `AWS::NoValue` and for a value with a problem.
    pub fn resolve(&self, node: &Node) -> Option<Node> {
        match &node.tree {
            Tree::Scalar { .. } => Some(node.clone()),
            Tree::List(items) => {
                let items = items.iter().filter_map(|item| self.resolve(item));
                Some(Node::list_of(node.position.clone(), items.collect()))
            }
            Tree::Map(entries) => match function(entries) {
                Some(call) => self.call(call, node),
                None => self.members(node),
            },
        }
    }

    /// The text of a node. Any other value is a problem.
    pub fn text(&self, node: &Node) -> Option<String> {
        let resolved = self.resolve(node)?;
        let text = resolved.string().map(str::to_owned);
        if text.is_none() {
            self.problem(&node.position, "this should be text");
        }
        text
    }

    /// The value of `Ref`.
    pub(crate) fn reference(&self, name: &str, position: &Position) -> Option<Node> {
        if name == "AWS::NoValue" { None } else { self.names.reference(self, name, position) }
    }

    /// The value of `Fn::GetAtt`.
    pub(crate) fn attribute(&self, resource: &str, name: &str, position: &Position) -> Option<Node> {
        self.names.attribute(self, resource, name, position)
    }

    /// Runs `read` while the condition is treated as true.
    pub(crate) fn assuming<T>(&self, condition: Option<&str>, read: impl FnOnce() -> T) -> T {
        self.assumed.replace(condition.map(str::to_owned));
        let value = read();
        self.assumed.take();
        value
    }

    /// Runs `read` for a name. A cyclic evaluation of the same name is a problem.
    pub(crate) fn within<T>(&self, what: &str, position: &Position, read: impl FnOnce() -> T) -> Option<T> {
        if self.open.borrow().iter().any(|open| open == what) {
            self.problem(position, format!("{what} depends on itself"));
            return None;
        }
        self.open.borrow_mut().push(what.to_owned());
        let value = read();
        self.open.borrow_mut().pop();
        Some(value)
    }

    fn call(&self, call: &Entry, node: &Node) -> Option<Node> {
        let (name, argument, position) = (call.name.as_str(), &call.node, &node.position);
        let text = |text: String| Node::scalar(position.clone(), text);
        match (name, argument.items()) {
            ("Ref", _) => self.reference(argument.string()?, position),
            ("Fn::GetAtt", [resource, attribute]) => {
                self.attribute(resource.string()?, &self.text(attribute)?, position)
            }
            ("Fn::GetAtt", []) if argument.string().is_some() => {
                let (resource, attribute) = argument.string()?.split_once('.')?;
                self.attribute(resource, attribute, position)
            }
            // Keep the position of a block of text, because a message may point to one of its lines.
            ("Fn::Sub", [pattern, names]) => {
                Some(Node::scalar(pattern.position.clone(), self.substitute(pattern, Some(names))?))
            }
            ("Fn::Sub", []) if argument.string().is_some() => self.substitute(argument, None).map(text),
            ("Fn::If", [condition, yes, no]) => {
                let holds = self.holds(condition.string()?, position);
                self.resolve(if holds { yes } else { no })
            }
            ("Fn::Join", [separator, items]) => self.join(separator, items, position),
            ("Fn::Split", [separator, whole]) => self.split(separator, whole, position),
            ("Fn::Select", [index, items]) => self.select(index, items, position),
            ("Fn::Length", _) => self.length(argument, position),
            ("Fn::FindInMap", [map, first, second, options @ ..]) => {
                self.find_in_map([map, first, second], options.first(), position)
            }
            ("Fn::ToJsonString", _) => Some(text(self.resolve(argument)?.to_json().to_string())),
            _ => self.unknown(position, name, || format!("the local agent cannot resolve `{name}` in this form")),
        }
    }

    /// `${placeholder}` if unknown values are kept; otherwise adds a problem.
    fn unknown(&self, position: &Position, placeholder: &str, problem: impl FnOnce() -> String) -> Option<Node> {
        if self.names.keep_unknown() {
            return Some(Node::scalar(position.clone(), format!("${{{placeholder}}}")));
        }
        self.problem(position, problem());
        None
    }
}

/// The intrinsic function of a map, if it is one.
fn function(entries: &[Entry]) -> Option<&Entry> {
    match entries {
        [only] if only.name == "Ref" || (only.name.starts_with("Fn::") && only.name != "Fn::Transform") => Some(only),
        _ => None,
    }
}
