//! A deployment in which only some parameters are known, for a check of many deployments.
//!
//! Values that only a deployment has stay as `${Resource}` or `${Resource.Attribute}`, for `!Ref`, `!GetAtt` and `!Sub`
//! alike, so that all references to one value have the same text.

use std::collections::BTreeMap;

use crate::{
    constraints::{is_stored, kind_of, typed},
    evaluate::{Evaluator, Names},
    node::Node,
    position::Position,
    source::Source,
};

/// The values of the parameters in one deployment. A missing parameter can have any value.
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
        // For a Systems Manager parameter the setting is its name there, not its value.
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
