//! The names that an engine's policies may use, and the Cedar schema that the engine derives, as far as it is
//! documented: one action per tool, one group per target, then `CallTool` and `Mcp`; the tool's input is
//! `context.input`.

use std::collections::{BTreeMap, BTreeSet};

use cedar_policy::{ValidationMode, ValidationWarning, Validator};
use serde_json::{Map, Value, json};

use crate::{
    error::SchemaError,
    kind::{Kind, attribute},
    principal::Caller,
    statement::Statement,
};

/// The gateway's own groups of actions, above all targets.
const GROUPS: [&str; 2] = ["Mcp", "CallTool"];

/// A tool of a gateway.
#[derive(Debug, Clone, Copy)]
pub struct Tool<'a> {
    /// The name with its target: `target___tool`.
    pub name: &'a str,
    /// The deployed schema: AgentCore's `SchemaDefinition`, spelled as in CloudFormation (`Type`) or as in MCP
    /// (`type`).
    pub input_schema: &'a Value,
}

/// The tools and the kinds of callers of all gateways that use one policy engine.
#[derive(Debug, Clone, Default)]
pub struct Actions {
    tools: BTreeMap<String, Kind>,
    callers: BTreeSet<Caller>,
}

impl Actions {
    /// Creates the actions of these tools for these kinds of callers. [`Caller::of`] returns the kinds of a gateway's
    /// authorizer.
    #[must_use]
    pub fn new<'t>(callers: impl IntoIterator<Item = Caller>, tools: impl IntoIterator<Item = Tool<'t>>) -> Self {
        let tools = tools.into_iter().map(|tool| (tool.name.to_owned(), Kind::of(tool.input_schema)));
        Self { tools: tools.collect(), callers: callers.into_iter().collect() }
    }

    /// Whether a policy may name this action: a tool, a target or one of the gateway's groups.
    #[must_use]
    pub fn knows(&self, action: &str) -> bool {
        let target = || self.tools.keys().any(|tool| target(tool) == action);
        self.tools.contains_key(action) || GROUPS.contains(&action) || target()
    }

    /// The actions that a policy names and that do not exist.
    #[must_use]
    pub fn unknown(&self, statement: &Statement) -> Vec<String> {
        let unknown = |(kind, name): &(String, String)| kind != "AgentCore::Action" || !self.knows(name);
        statement.actions().into_iter().filter(unknown).map(|(_, name)| name).collect()
    }

    /// The Cedar schema that a policy engine derives.
    ///
    /// # Errors
    ///
    /// If Cedar rejects the schema, for example because a target is named `CallTool`.
    pub fn schema(&self) -> Result<Schema, SchemaError> {
        cedar_policy::Schema::from_json_value(self.to_cedar())
            .map(Schema)
            .map_err(|error| SchemaError(error.to_string()))
    }

    pub(crate) fn input(&self, tool: &str) -> Option<&Kind> {
        self.tools.get(tool)
    }

    pub(crate) fn is_called_by(&self, caller: Caller) -> bool {
        self.callers.contains(&caller)
    }

    /// The schema in Cedar's JSON format.
    fn to_cedar(&self) -> Value {
        let id = record([("id", attribute(json!({"type": "String"}), true))]);
        let mut actions = Map::new();
        actions.insert("Mcp".to_owned(), json!({}));
        actions.insert("CallTool".to_owned(), json!({"memberOf": [{"id": "Mcp"}]}));
        for tool in self.tools.keys() {
            actions.insert(target(tool).to_owned(), json!({"memberOf": [{"id": "CallTool"}]}));
        }
        for (tool, input) in &self.tools {
            let system = record([("now", attribute(json!({"type": "Extension", "name": "datetime"}), true))]);
            let applies = json!({
                "principalTypes": self.callers.iter().map(|caller| caller.name()).collect::<Vec<_>>(),
                "resourceTypes": ["Gateway"],
                "context": record([("input", attribute(input.to_cedar(), true)), ("system", attribute(system, true))]),
            });
            actions.insert(tool.clone(), json!({"memberOf": [{"id": target(tool)}], "appliesTo": applies}));
        }
        json!({"AgentCore": {
            "entityTypes": {
                "OAuthUser": {"shape": id.clone(), "tags": {"type": "String"}},
                "IamEntity": {"shape": id},
                "Gateway": {},
            },
            "actions": actions,
        }})
    }
}

/// A target's name contains no `_`, so it ends before the first `___`.
fn target(tool: &str) -> &str {
    tool.split_once("___").map_or(tool, |(target, _)| target)
}

fn record<const N: usize>(attributes: [(&str, Value); N]) -> Value {
    json!({"type": "Record", "attributes": Map::from_iter(attributes.map(|(name, kind)| (name.to_owned(), kind)))})
}

/// The Cedar schema of a policy engine.
#[derive(Debug, Clone)]
pub struct Schema(pub(crate) cedar_policy::Schema);

impl Schema {
    /// Why AgentCore with `FAIL_ON_ANY_FINDINGS` would reject this policy: it does not validate, or it can never apply.
    #[must_use]
    pub fn findings(&self, statement: &Statement) -> Vec<String> {
        let mut policies = cedar_policy::PolicySet::new();
        if policies.add(statement.named("policy")).is_err() {
            return Vec::new();
        }
        let result = Validator::new(self.0.clone()).validate(&policies, ValidationMode::default());
        let never = |it: &&ValidationWarning| matches!(it, ValidationWarning::ImpossiblePolicy(_));
        let never = result.validation_warnings().filter(never).map(ToString::to_string);
        let errors = result.validation_errors().map(ToString::to_string).chain(never);
        errors.map(|error| error.replace("for policy `policy`, ", "")).collect()
    }
}
