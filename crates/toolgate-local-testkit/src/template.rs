//! Small templates.

use std::{collections::BTreeMap, time::Duration};

use serde_json::json;
use toolgate_local::template::{
    ActionGroupSpec, AgentSpec, CollaboratorSpec, FunctionSchema, GroupSchema, ParameterSchema, PromptSpec, Template,
};

/// A function schema with string parameters. `!` in front of a name requires confirmation.
pub fn functions(names: &[&str]) -> GroupSchema {
    let function = |name: &&str| FunctionSchema {
        name: name.trim_start_matches('!').to_owned(),
        description: format!("Does {name}."),
        parameters: BTreeMap::from([
            ("id".to_owned(), parameter("string", false)),
            ("count".to_owned(), parameter("integer", false)),
            ("tags".to_owned(), parameter("array", false)),
        ]),
        require_confirmation: name.starts_with('!'),
    };
    GroupSchema::Functions(names.iter().map(function).collect())
}

fn parameter(kind: &str, required: bool) -> ParameterSchema {
    ParameterSchema { kind: kind.to_owned(), description: "A parameter.".to_owned(), required }
}

pub fn group(name: &str, function: Option<&str>, schema: GroupSchema) -> ActionGroupSpec {
    ActionGroupSpec {
        name: name.to_owned(),
        description: String::new(),
        function: function.map(str::to_owned),
        signature: None,
        schema,
    }
}

pub fn agent(id: &str, groups: Vec<ActionGroupSpec>, collaborators: &[&str]) -> AgentSpec {
    AgentSpec {
        id: id.to_owned(),
        name: format!("desk-{}", id.to_lowercase()),
        aliases: vec!["dev".to_owned(), "TSTALIASID".to_owned()],
        instruction: format!("You are {id}."),
        foundation_model: "some.model-v1:0".to_owned(),
        supervisor: !collaborators.is_empty(),
        routes: false,
        collaborators: collaborators
            .iter()
            .map(|name| CollaboratorSpec {
                name: (*name).to_owned(),
                agent_id: (*name).to_owned(),
                instruction: format!("Ask {name} about its things."),
                relay_history: true,
            })
            .collect(),
        action_groups: groups,
        idle_ttl: Duration::from_secs(600),
        prompt: PromptSpec::default(),
        guardrail: None,
        knowledge_bases: Vec::new(),
    }
}

/// One agent `Orders` with tools `get`, `list` and, behind a confirmation, `cancel`.
pub fn one_agent() -> Template {
    Template {
        agents: vec![agent(
            "Orders",
            vec![group("orders", Some("OrdersFunction"), functions(&["get", "list", "!cancel"]))],
            &[],
        )],
        ..Template::default()
    }
}

/// Other limits.
pub fn limits(set: impl FnOnce(&mut toolgate_local::agents::Limits)) -> toolgate_local::agents::Limits {
    let mut limits = toolgate_local::agents::Limits::default();
    set(&mut limits);
    limits
}

/// An OpenAPI document with `POST /<name>` for each name, a path parameter and a body. `!` requires confirmation.
pub fn api(names: &[&str]) -> GroupSchema {
    let operation = |name: &&str| {
        let id = name.trim_start_matches('!');
        let body = json!({"type": "object", "properties": {"count": {"type": "integer"}, "tags": {"type": "array"}}});
        let operation = json!({
            "operationId": id,
            "description": format!("Does {id}."),
            "x-requireConfirmation": if name.starts_with('!') { "ENABLED" } else { "DISABLED" },
            "parameters": [{"name": "id", "in": "path", "description": "An id.", "schema": {"type": "string"}}],
            "requestBody": {"content": {"application/json": {"schema": body}}},
            "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": {"type": "object"}}}}},
        });
        (format!("/{{id}}/{id}"), json!({"post": operation}))
    };
    let paths: serde_json::Map<String, serde_json::Value> = names.iter().map(operation).collect();
    GroupSchema::Api(json!({"openapi": "3.0.0", "paths": paths}))
}
