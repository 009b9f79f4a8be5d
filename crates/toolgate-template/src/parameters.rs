//! The parameters of a deployment on a laptop. Precedence: values from the command line, then the template's local
//! values, then the defaults.

use std::collections::BTreeMap;

use crate::{
    constraints::{check_declaration, check_value, is_stored, kind_of, typed},
    node::{Entry, Node},
    position::Position,
    problem::Problems,
    source::Source,
    suggest::{did_you_mean, listed},
};

/// The values of a template's parameters on a laptop.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parameters<'a> {
    source: &'a Source,
    /// The values of `--parameter`.
    set: &'a BTreeMap<String, String>,
}

/// A parameter's value before it is checked, and where it is set. `text` is `None` if the value is not text.
struct Chosen<'a> {
    text: Option<&'a str>,
    position: Position,
}

impl<'a> Parameters<'a> {
    pub(crate) fn new(source: &'a Source, set: &'a BTreeMap<String, String>) -> Self {
        Self { source, set }
    }

    /// Adds a problem for every value of a parameter that does not exist, and for every value that its declaration does
    /// not allow.
    pub(crate) fn check(&self, problems: &Problems) {
        let declared = self.source.at(&["Parameters"]).map_or(&[] as &[_], Node::entries);
        let names = || declared.iter().map(|entry| entry.name.as_str());
        let section = self.source.root().position_of("Parameters");
        let set = self.set.keys().map(|name| (name, &section));
        let local = self.local().map_or(&[] as &[_], Node::entries);
        let at_local = self.local().map(|local| &local.position);
        let local = local.iter().filter_map(|entry| Some((&entry.name, at_local?)));
        for (name, position) in set.chain(local).filter(|(name, _)| !names().any(|known| known == name.as_str())) {
            let help = did_you_mean(name, names());
            let help = if help.is_empty() { listed("; the template has ", names()) } else { help };
            problems.note(position, format!("there is no parameter `{name}` to set{help}"));
        }
        for Entry { name, node: declaration, position } in declared {
            check_declaration(declaration, problems);
            match self.chosen(name, declaration, position) {
                Some(Chosen { text: Some(text), position }) => check_value(declaration, text, &position, problems),
                Some(Chosen { text: None, position }) => {
                    problems.note(&position, "a parameter's value is text; a list is text with commas");
                }
                None => {}
            }
        }
    }

    /// The value of a parameter; `None` if it has no known value, which adds a problem at `position`.
    pub(crate) fn value(&self, name: &str, position: &Position, problems: &Problems) -> Option<Node> {
        let declaration = self.source.parameter(name)?;
        let kind = kind_of(declaration);
        if is_stored(kind) && self.local_value(name).is_none() {
            let message = format!(
                "the parameter `{name}` is read from Systems Manager, which a laptop does not have: give the value that it \
                 holds in `Metadata.Toolgate.Parameters`"
            );
            problems.note(position, message);
            return None;
        }
        let Some(chosen) = self.chosen(name, declaration, &declaration.position) else {
            problems
                .note(position, format!("the parameter `{name}` has no default: set it with `--parameter {name}=…`"));
            return None;
        };
        // A value that is not text already has a problem.
        chosen.text.map(|text| typed(kind, text, position))
    }

    fn chosen(&self, name: &str, declaration: &'a Node, position: &Position) -> Option<Chosen<'a>> {
        // For a Systems Manager parameter the command line sets its name there, not its value.
        let set = self.set.get(name).filter(|_| !is_stored(kind_of(declaration)));
        if let Some(text) = set {
            return Some(Chosen { text: Some(text), position: position.clone() });
        }
        if let Some(entry) = self.local_value(name) {
            return Some(Chosen { text: entry.node.string(), position: entry.position.clone() });
        }
        let text = declaration.get("Default")?.string();
        Some(Chosen { text, position: position.clone() })
    }

    /// `Metadata: Toolgate: Parameters`: the template's values for a laptop.
    fn local(&self) -> Option<&'a Node> {
        self.source.at(&["Metadata", "Toolgate", "Parameters"])
    }

    fn local_value(&self, name: &str) -> Option<&'a Entry> {
        self.local()?.entry(name)
    }
}
