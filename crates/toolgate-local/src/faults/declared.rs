//! The declarations of the template's action groups. A model may send an empty value for any optional parameter.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::agents::operations;
use toolgate_template::{GroupSchema, Template};

/// The optional parameters of every tool, by action group and function or path and method.
#[derive(Debug, Default)]
pub(super) struct Declared(HashMap<(String, String), Optional>);

/// The optional parameters of one tool with their types, separately for parameters and body.
#[derive(Debug, Default, Clone)]
pub(super) struct Optional {
    pub(super) parameters: BTreeMap<String, String>,
    pub(super) body: BTreeMap<String, String>,
}

impl Declared {
    pub(super) fn of(template: &Template) -> Self {
        let mut declared = HashMap::new();
        for group in template.agents.iter().flat_map(|agent| &agent.action_groups) {
            match &group.schema {
                GroupSchema::Functions(functions) => {
                    for function in functions {
                        let optional = function.parameters.iter().filter(|(_, parameter)| !parameter.required);
                        let parameters = optional.map(|(name, parameter)| (name.clone(), parameter.kind.clone()));
                        let optional = Optional { parameters: parameters.collect(), body: BTreeMap::new() };
                        declared.insert((group.name.clone(), function.name.clone()), optional);
                    }
                }
                GroupSchema::Api(document) => {
                    // Problems in the document are reported where the agents are created.
                    for operation in operations(document, &group.name, &mut Vec::new()) {
                        let required = operation.input_schema.get("required").and_then(Value::as_array);
                        let is_optional =
                            |name: &str| !required.is_some_and(|names| names.iter().any(|other| other == name));
                        let optional = |kinds: BTreeMap<String, String>| {
                            kinds.into_iter().filter(|(name, _)| is_optional(name)).collect()
                        };
                        let action = action(&operation.path, &operation.method);
                        let parameters = optional(operation.parameters.clone());
                        let body = optional(operation.body.clone().unwrap_or_default().1);
                        declared.insert((group.name.clone(), action), Optional { parameters, body });
                    }
                }
                GroupSchema::None => {}
            }
        }
        Self(declared)
    }

    pub(super) fn optional(&self, group: &str, action: &str) -> Optional {
        self.0.get(&(group.to_owned(), action.to_owned())).cloned().unwrap_or_default()
    }
}

/// An operation's name in logs and keys.
pub(super) fn action(path: &str, method: &str) -> String {
    format!("{} {path}", method.to_uppercase())
}
