//! `GET /console/api/state`: what this local agent runs.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};
use serde_json::{Value, json};
use toolgate::{Catalog, Wire};
use toolgate_models::Conversation;
use toolgate_template::{AgentSpec, TableSpec};

use crate::{
    lambda::Catalogs,
    state::AppState,
    turns::{KEPT, KEPT_BYTES},
};

pub(super) async fn read(State(state): State<Arc<AppState>>) -> Response {
    match state.catalogs.get().filter(|_| state.is_ready()) {
        Some(catalogs) => Json(report(&state, catalogs)).into_response(),
        None => {
            let body = Json(json!({"status": "starting", "instance": state.instance}));
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")], body).into_response()
        }
    }
}

fn report(state: &AppState, catalogs: &Catalogs) -> Value {
    let catalogs: BTreeMap<&str, Catalog> = catalogs
        .iter()
        .filter_map(|(name, catalog)| Some((name.as_str(), serde_json::from_value(catalog.clone()).ok()?)))
        .collect();
    let examples = state.models.as_ref().map(|models| models.examples()).unwrap_or_default();
    let gateway = state.gateway.as_ref();
    json!({
        "status": "ok",
        "instance": state.instance,
        "version": env!("CARGO_PKG_VERSION"),
        "endpoint": state.endpoint,
        "template": state.template.path.file_name().map(|name| name.to_string_lossy()),
        "model": state.model,
        "hostile": state.hostile,
        "agents": agents(state, &catalogs, &examples),
        "harnesses": harnesses(state, &examples),
        "functions": functions(state, &catalogs),
        "gateway": gateway.map(|gateway| {
            json!({"url": format!("{}/mcp", state.endpoint), "tools": gateway.tools.iter().count()})
        }),
        "tables": state.template.tables.iter().map(|table| table_report(state, table)).collect::<Vec<_>>(),
        "suggestions": suggestions(&examples, None),
        "attributeExamples": attribute_examples(&examples),
        "sessionUsd": state.template.session_usd,
        "keptTurns": state.turns.as_ref().map(|_| KEPT),
        "keptBytes": state.turns.as_ref().map(|_| KEPT_BYTES),
    })
}

fn agents(state: &AppState, catalogs: &BTreeMap<&str, Catalog>, examples: &[&Conversation]) -> Vec<Value> {
    let agents = state.template.agents.iter().map(|agent| {
        let model = state.models.as_ref().map(|models| models.of(&agent.id).label(&agent.foundation_model));
        let tools: Vec<&str> = agent.action_groups.iter().flat_map(|group| group.schema.tools()).collect();
        let collaborators: Vec<&str> = agent.collaborators.iter().map(|other| other.name.as_str()).collect();
        json!({
            "id": agent.id,
            "name": agent.name,
            "aliases": agent.aliases,
            "model": model,
            "tools": tools,
            "collaborators": collaborators,
            "attributes": attributes(state, catalogs, agent, &mut BTreeSet::new()),
            "suggestions": suggestions(examples, Some(&agent.id)),
        })
    });
    agents.collect()
}

/// The session attributes that identify the caller of an agent's tools, and of its collaborators'.
fn attributes<'a>(
    state: &'a AppState,
    catalogs: &'a BTreeMap<&str, Catalog>,
    agent: &'a AgentSpec,
    seen: &mut BTreeSet<&'a str>,
) -> BTreeSet<&'a str> {
    if !seen.insert(&agent.id) {
        return BTreeSet::new();
    }
    let functions = agent.action_groups.iter().filter_map(|group| group.function.as_deref());
    let functions = functions.filter_map(|function| catalogs.get(state.functions.resolve(function).ok()?));
    let own = functions.flat_map(|catalog| catalog.identity.iter().map(|identity| identity.attribute.as_str()));
    let mut names: BTreeSet<&str> = own.collect();
    for collaborator in &agent.collaborators {
        let other = state.template.agents.iter().find(|other| other.id == collaborator.agent_id);
        names.extend(other.map(|other| attributes(state, catalogs, other, seen)).unwrap_or_default());
    }
    names
}

fn harnesses(state: &AppState, examples: &[&Conversation]) -> Vec<Value> {
    let reports = state.harnesses.as_ref().map(|harnesses| harnesses.report()).unwrap_or_default();
    let reports = reports.into_iter().map(|report| {
        let member = |name: &str| report.get(name).cloned().unwrap_or_default();
        let suggestions = suggestions(examples, report.get("id").and_then(Value::as_str));
        json!({
            "id": member("id"), "name": member("name"), "arn": member("arn"), "model": member("model"),
            "suggestions": suggestions,
        })
    });
    reports.collect()
}

fn functions(state: &AppState, catalogs: &BTreeMap<&str, Catalog>) -> Vec<Value> {
    let functions = state.functions.report().into_iter().map(|function| {
        let catalog = catalogs.get(function.name.as_str());
        let identity = catalog.map(|catalog| &*catalog.identity).unwrap_or_default();
        let tools = catalog.map(|catalog| &*catalog.tools).unwrap_or_default();
        let tools = tools.iter().map(|tool| {
            let fields = tool.output.get("properties").and_then(Value::as_object);
            json!({
                "name": tool.name,
                "description": tool.description,
                "inputSchema": tool.input,
                "outputFields": fields.into_iter().flat_map(|fields| fields.keys()).collect::<Vec<_>>(),
                "confirm": tool.confirm,
                "once": tool.once,
                "agents": offering(state, &function.name, &tool.name),
            })
        });
        json!({
            "name": function.name,
            "logicalId": function.logical_id,
            "wires": wires(state, &function.name),
            "instances": function.instances,
            "identity": identity.iter().map(|identity| &identity.attribute).collect::<Vec<_>>(),
            "tools": tools.collect::<Vec<_>>(),
        })
    });
    functions.collect()
}

/// The ids of the agents whose models can call a tool.
fn offering<'a>(state: &'a AppState, function: &str, tool: &str) -> Vec<&'a str> {
    let runs = |agent: &&AgentSpec| {
        agent.action_groups.iter().any(|group| {
            group.function.as_deref().is_some_and(|id| state.functions.resolve(id) == Ok(function))
                && group.schema.tools().contains(&tool)
        })
    };
    state.template.agents.iter().filter(runs).map(|agent| agent.id.as_str()).collect()
}

/// The wires that a function answers. The mcp wire must be named.
pub(super) fn wires(state: &AppState, function: &str) -> Vec<&'static str> {
    const ORDER: [Wire; 5] = [Wire::Function, Wire::Api, Wire::Gateway, Wire::Direct, Wire::Mcp];
    let named = state.functions.variable(function, "TOOLGATE_WIRES").filter(|named| !named.trim().is_empty());
    let answers = |wire: &Wire| match &named {
        Some(named) => named.split(',').any(|name| name.trim() == wire.name()),
        None => *wire != Wire::Mcp,
    };
    ORDER.into_iter().filter(answers).map(Wire::name).collect()
}

fn table_report(state: &AppState, table: &TableSpec) -> Value {
    let keys = |of: &Value| {
        let parts = of.get("KeySchema").and_then(Value::as_array).into_iter().flatten();
        parts.map(|part| key(&table.create, part)).collect::<Vec<_>>()
    };
    let mut indexes = Vec::new();
    for kind in ["GlobalSecondaryIndexes", "LocalSecondaryIndexes"] {
        for index in table.create.get(kind).and_then(Value::as_array).into_iter().flatten() {
            indexes.push(json!({"name": index.get("IndexName"), "keys": keys(index)}));
        }
    }
    let is_approvals = state.template.approvals.as_deref() == Some(&table.logical_id);
    let role = if is_approvals { Some("approvals") } else { is_ledger(table).then_some("ledger") };
    json!({
        "name": table.name,
        "logicalId": table.logical_id,
        "role": role,
        "items": state.database.items(&table.name),
        "keys": keys(&table.create),
        "indexes": indexes,
    })
}

fn key(table: &Value, part: &Value) -> Value {
    let name = part.get("AttributeName").and_then(Value::as_str).unwrap_or_default();
    let attributes = table.get("AttributeDefinitions").and_then(Value::as_array).into_iter().flatten();
    let mut types = attributes.filter(|one| one.get("AttributeName").and_then(Value::as_str) == Some(name));
    let kind = types.next().and_then(|one| one.get("AttributeType"));
    json!({"name": name, "type": kind, "role": part.get("KeyType")})
}

/// Whether a table has the form of a ledger, and is named so. No property of a template says it.
pub(super) fn is_ledger(table: &TableSpec) -> bool {
    let keys = table.create.get("KeySchema").and_then(Value::as_array);
    let is_id = |part: &Value| part.get("AttributeName").and_then(Value::as_str) == Some("id");
    keys.is_some_and(|keys| keys.len() == 1 && keys.iter().all(is_id))
        && table.ttl_attribute.as_deref() == Some("expiresAt")
        && [&table.logical_id, &table.name].iter().any(|name| name.to_ascii_lowercase().contains("ledger"))
}

/// The first words of the conversations that a scripted model can have, each text once.
fn suggestions<'a>(examples: &[&'a Conversation], agent: Option<&str>) -> Vec<&'a str> {
    let mut texts = Vec::new();
    for conversation in examples.iter().filter(|one| agent.is_none_or(|agent| one.agent == agent)) {
        let first = conversation.turns.first().map(|turn| turn.say.as_str());
        texts.extend(first.filter(|text| !texts.contains(text)));
    }
    texts
}

/// A value for each session attribute of those conversations.
fn attribute_examples<'a>(examples: &[&'a Conversation]) -> BTreeMap<&'a str, &'a str> {
    let mut values = BTreeMap::new();
    for (name, value) in examples.iter().flat_map(|conversation| &conversation.attributes) {
        values.entry(name.as_str()).or_insert(value.as_str());
    }
    values
}
