//! A deployment of which only some parameters are known, as a check of many deployments sees it.
//!
//! What only a deployment knows stays as `${Resource}` or `${Resource.Attribute}`, whichever of `!Ref`, `!GetAtt` and
//! `!Sub` names it, so that two ways to name one thing are one text.

use std::collections::BTreeMap;

use crate::{
    constraints::{is_stored, kind_of, typed},
    evaluate::{Evaluator, Names},
    node::Node,
    position::Position,
    source::Source,
};

/// What the parameters are set to in one deployment; one that is absent stands for any value.
pub type Settings = BTreeMap<String, String>;

/// Evaluates parts of a template for a deployment with these settings.
pub fn symbolic<'a>(source: &'a Source, settings: &'a Settings) -> Evaluator<'a> {
    Evaluator::new(source, Symbolic { settings })
}

#[derive(Debug)]
struct Symbolic<'a> {
    settings: &'a Settings,
}

impl Names for Symbolic<'_> {
    fn reference(&self, evaluator: &Evaluator<'_>, name: &str, position: &Position) -> Option<Node> {
        let kind = evaluator.source.parameter(name).map(kind_of).unwrap_or_default();
        // the setting of a parameter from Systems Manager is its name there, not its value
        match self.settings.get(name).filter(|_| !is_stored(kind)) {
            Some(value) => Some(typed(kind, value, position)),
            None => Some(Node::scalar(position.clone(), format!("${{{name}}}"))),
        }
    }

    fn attribute(&self, _: &Evaluator<'_>, resource: &str, name: &str, position: &Position) -> Option<Node> {
        Some(Node::scalar(position.clone(), format!("${{{resource}.{name}}}")))
    }

    fn keep_unknown(&self) -> bool {
        true
    }
}
