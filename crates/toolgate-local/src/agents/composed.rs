//! The event of a call that a person composes and no agent makes. It is that of the agent which offers the tool; a tool
//! that no agent offers gets the schema that its function would register.

use serde_json::{Map, Value};
use toolgate::{Catalog, schema};
use toolgate_template::AgentSpec;

use super::{
    Agent, TEST_ALIAS,
    arguments::Arguments,
    attributes::Attributes,
    event::{self, Origin},
    openapi,
    tools::{Action, Toolbox, Wire},
};
use crate::knowledge::KnowledgeBases;

/// A call that a person composes.
#[derive(Debug)]
pub(crate) struct Composed<'a> {
    pub(crate) tool: &'a str,
    pub(crate) input: &'a Map<String, Value>,
    pub(crate) session: &'a str,
    pub(crate) attributes: &'a Attributes,
    /// The api wire, and not the function wire.
    pub(crate) is_api: bool,
}

/// What the agent's input is in such an event.
const INPUT: &str = "(composed in the console)";

impl Composed<'_> {
    /// The event. `is_own` is whether a group's function is the one with this catalog. `None` if the catalog has no such
    /// tool.
    pub(crate) fn event(
        &self,
        agents: &[AgentSpec],
        is_own: impl Fn(&str) -> bool,
        catalog: &Catalog,
    ) -> Option<Value> {
        let is_wanted = |action: &Action| {
            action.tool == self.tool
                && action.function.as_deref().is_some_and(&is_own)
                && matches!(action.wire, Wire::Api(_)) == self.is_api
        };
        for spec in agents {
            let agent =
                Agent { spec: spec.clone(), tools: Toolbox::of(spec, &KnowledgeBases::default(), &mut Vec::new()) };
            if let Some(action) = agent.tools.actions().find(|action| is_wanted(action)) {
                return Some(self.of(&spec.name, &spec.id, agent.own_alias(), action));
            }
        }
        let wire = if self.is_api { self.operation(catalog)? } else { self.function(catalog)? };
        let (group, tool) = (catalog.group.clone(), self.tool.to_owned());
        let action = Action { group, tool, function: None, confirm: false, wire };
        Some(self.of("console", "CONSOLE", TEST_ALIAS, &action))
    }

    fn of(&self, name: &str, id: &str, alias: &str, action: &Action) -> Value {
        let (session, attributes, prompt_attributes) = (self.session, self.attributes, &Attributes::new());
        let origin = Origin { name, id, alias, input: INPUT, session, attributes, prompt_attributes };
        event::of(&origin, action, &Arguments::of(action, self.input))
    }

    fn operation(&self, catalog: &Catalog) -> Option<Wire> {
        let operations = openapi::operations(&schema::openapi(catalog), &catalog.group, &mut Vec::new());
        Some(Wire::Api(Box::new(operations.into_iter().find(|operation| operation.id == self.tool)?)))
    }

    fn function(&self, catalog: &Catalog) -> Option<Wire> {
        let functions = schema::functions(catalog);
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let named = |function: &&Value| function.get("Name").and_then(Value::as_str) == Some(self.tool);
        let function = functions.get("Functions")?.as_array()?.iter().find(named)?;
        let parameters = function.get("Parameters").and_then(Value::as_object).into_iter().flatten();
        let types = parameters.filter_map(|(name, parameter)| Some((name.clone(), text(parameter, "Type")?)));
        Some(Wire::Function { types: types.collect() })
    }
}
