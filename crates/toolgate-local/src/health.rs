//! `/health`: what there is, once all of it is up.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Json, Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use http::StatusCode;
use serde_json::{Value, json};

use crate::state::AppState;
use toolgate_template::{ActionGroupSpec, GroupSchema};

pub(crate) fn routes(state: Arc<AppState>) -> Router {
    Router::new().route("/health", get(report)).with_state(state)
}

async fn report(State(state): State<Arc<AppState>>) -> Response {
    match state.catalogs.get() {
        Some(catalogs) => Json(state.report(catalogs)).into_response(),
        None => {
            let body = Json(json!({"status": "starting"}));
            (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "1")], body).into_response()
        }
    }
}

impl AppState {
    pub(crate) fn report(&self, catalogs: &BTreeMap<String, Value>) -> Value {
        json!({
            "status": "ok",
            "endpoint": self.endpoint,
            "model": self.model,
            "hostile": self.hostile,
            "hostileDiffering": self.hostile.map(|_| self.invoker.differing()),
            "agents": self.agents(),
            "harnesses": self.harnesses.as_ref().map(|harnesses| harnesses.report()).unwrap_or_default(),
            "gateway": self.gateway(),
            "knowledgeBases": self.knowledge.report(),
            "functions": self.functions(),
            "urls": self.urls(),
            "tools": self.tools(catalogs),
            "tables": self.tables(),
            "sessionUsd": self.template.session_usd,
        })
    }

    fn agents(&self) -> Vec<Value> {
        let agents = self.template.agents.iter().map(|agent| {
            let tools: Vec<&str> = agent.action_groups.iter().flat_map(|group| group.schema.tools()).collect();
            json!({"id": agent.id, "name": agent.name, "aliases": agent.aliases, "tools": tools})
        });
        agents.collect()
    }

    /// Null where the template has none.
    fn gateway(&self) -> Option<Value> {
        let gateway = self.gateway.as_ref()?;
        Some(gateway.report(&format!("{}/mcp", self.endpoint)))
    }

    fn functions(&self) -> Vec<Value> {
        let functions = self.functions.report();
        let functions = functions
            .into_iter()
            .map(|function| json!({"name": function.name, "logicalId": function.logical_id, "instances": function.instances}));
        functions.collect()
    }

    /// The functions that the template gives a URL, such as the front door of a web application.
    fn urls(&self) -> Vec<Value> {
        let with_url = self.template.fronts.iter().chain(&self.template.functions).filter(|spec| spec.url.is_some());
        let url = |name: &str| format!("{}/functions/{name}/url/", self.endpoint);
        with_url.map(|spec| json!({"name": spec.binary, "url": url(&spec.binary)})).collect()
    }

    fn tools(&self, catalogs: &BTreeMap<String, Value>) -> Vec<Value> {
        let mut tools = Vec::new();
        for (function, catalog) in catalogs {
            for tool in catalog.get("tools").and_then(Value::as_array).into_iter().flatten() {
                let name = tool.get("name").and_then(Value::as_str).unwrap_or_default();
                let (agents, wires) = self.callers(function, name);
                let rule = |rule: &str| tool.get(rule).cloned().unwrap_or(Value::Null);
                tools.push(json!({
                    "name": name, "function": function, "agents": agents, "wires": wires,
                    "confirm": rule("confirm"), "once": rule("once"),
                }));
            }
        }
        tools
    }

    /// The agents that offer a tool to their models, and the wires on which its calls arrive.
    fn callers(&self, function: &str, tool: &str) -> (Vec<&str>, Vec<&'static str>) {
        let mut agents = Vec::new();
        let mut wires = Vec::new();
        for agent in &self.template.agents {
            for group in &agent.action_groups {
                let runs_it = group.function.as_deref().is_some_and(|id| self.functions.resolve(id) == Ok(function));
                if runs_it && group.schema.tools().contains(&tool) {
                    agents.push(agent.id.as_str());
                    wires.push(wire_of(group));
                }
            }
        }
        wires.sort_unstable();
        wires.dedup();
        (agents, wires)
    }

    fn tables(&self) -> Vec<Value> {
        let tables = self.template.tables.iter().map(|table| {
            let role = (self.template.approvals.as_deref() == Some(&table.logical_id)).then_some("approvals");
            json!({"name": table.name, "logicalId": table.logical_id, "role": role, "items": self.database.items(&table.name)})
        });
        tables.collect()
    }
}

/// The wire on which the calls of a group's tools travel.
fn wire_of(group: &ActionGroupSpec) -> &'static str {
    match &group.schema {
        GroupSchema::Functions(_) | GroupSchema::None => "function",
        GroupSchema::Api(_) => "api",
    }
}
