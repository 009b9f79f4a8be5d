//! The read operations of the control plane: `GetAgent`, `ListAgents`, `GetAgentAlias` and `ListAgentAliases` over the
//! template's agents.
//!
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_Operations_Agents_for_Amazon_Bedrock.html>

use std::sync::Arc;

use axum::{
    Json, Router,
    body::Body,
    extract::{Path, State, rejection::PathRejection},
    response::Response,
    routing::{get, post},
};
use serde_json::{Value, json};

use super::{
    Agent, Agents, TEST_ALIAS, alias_arn,
    error::{AgentError, Kind},
    response, version_of,
};
use crate::http::listing::Listing;
use toolgate_template::{ACCOUNT, REGION};

/// The operations of `bedrock-agent` that are served.
pub(super) const OPERATIONS: [&str; 4] = ["GetAgent", "GetAgentAlias", "ListAgentAliases", "ListAgents"];

/// The service's maximum number of entries per list.
const PAGE: usize = 10;

type Answer = Result<Value, AgentError>;

pub(super) fn routes() -> Router<Arc<Agents>> {
    let mut router = Router::new();
    // Some SDKs omit the trailing slash.
    for slash in ["", "/"] {
        router = router
            .route(&format!("/agents{slash}"), post(list_agents))
            .route(&format!("/agents/{{p1}}{slash}"), get(get_agent))
            .route(&format!("/agents/{{p1}}/agentaliases{slash}"), post(list_aliases))
            .route(&format!("/agents/{{p1}}/agentaliases/{{p2}}{slash}"), get(get_alias));
    }
    router
}

async fn list_agents(State(agents): State<Arc<Agents>>, body: Body) -> Response {
    let list = async {
        let request = Listing::read(body, PAGE).await.map_err(AgentError::invalid)?;
        let all = agents.agents.values().map(|agent| {
            json!({
                "agentId": agent.spec.id,
                "agentName": agent.spec.name,
                "agentStatus": "PREPARED",
                "latestAgentVersion": "1",
                "updatedAt": agents.started.to_string(),
            })
        });
        Ok(request.page("agentSummaries", all.collect()))
    };
    answer(list.await)
}

async fn get_agent(State(agents): State<Arc<Agents>>, path: Result<Path<String>, PathRejection>) -> Response {
    answer(known(&agents, path).map(|agent| {
        let spec = &agent.spec;
        let collaboration = match (spec.supervisor, spec.routes) {
            (true, true) => "SUPERVISOR_ROUTER",
            (true, false) => "SUPERVISOR",
            (false, _) => "DISABLED",
        };
        let since = agents.started.to_string();
        json!({"agent": {
            "agentId": spec.id,
            "agentName": spec.name,
            "agentArn": format!("arn:aws:bedrock:{REGION}:{ACCOUNT}:agent/{}", spec.id),
            "agentVersion": "DRAFT",
            "agentStatus": "PREPARED",
            "agentCollaboration": collaboration,
            // The local agent does not use roles, but the service always returns one.
            "agentResourceRoleArn": format!("arn:aws:iam::{ACCOUNT}:role/{}", spec.id),
            "foundationModel": spec.foundation_model,
            "idleSessionTTLInSeconds": spec.idle_ttl.as_secs(),
            "instruction": spec.instruction,
            "orchestrationType": "DEFAULT",
            "createdAt": since,
            "preparedAt": since,
            "updatedAt": since,
        }})
    }))
}

async fn list_aliases(
    State(agents): State<Arc<Agents>>,
    path: Result<Path<String>, PathRejection>,
    body: Body,
) -> Response {
    let list = async {
        let request = Listing::read(body, PAGE).await.map_err(AgentError::invalid);
        let agent = known(&agents, path)?;
        let all = agent.spec.aliases.iter().map(|alias| summary(&agents, alias));
        Ok(request?.page("agentAliasSummaries", all.collect()))
    };
    answer(list.await)
}

async fn get_alias(State(agents): State<Arc<Agents>>, path: Result<Path<(String, String)>, PathRejection>) -> Response {
    let get = || {
        let Path((id, alias)) = path.map_err(|_| response::bad_path())?;
        let agent = agents.find(&id, &alias)?;
        let mut body = summary(&agents, &alias);
        if let Some(body) = body.as_object_mut() {
            body.insert("agentId".to_owned(), json!(agent.spec.id));
            body.insert("agentAliasArn".to_owned(), json!(alias_arn(&agent.spec.id, &alias)));
        }
        Ok(json!({"agentAlias": body}))
    };
    answer(get())
}

fn summary(agents: &Agents, alias: &str) -> Value {
    let name = if alias == TEST_ALIAS { "AgentTestAlias" } else { alias };
    let since = agents.started.to_string();
    json!({
        "agentAliasId": alias,
        "agentAliasName": name,
        "agentAliasStatus": "PREPARED",
        "aliasInvocationState": "ACCEPT_INVOCATIONS",
        "routingConfiguration": [{"agentVersion": version_of(alias)}],
        "createdAt": since,
        "updatedAt": since,
    })
}

fn known(agents: &Agents, path: Result<Path<String>, PathRejection>) -> Result<&Agent, AgentError> {
    let Path(id) = path.map_err(|_| response::bad_path())?;
    agents.agent(&id).ok_or_else(|| {
        AgentError::new(
            Kind::ResourceNotFound,
            format!("there is no such agentId: `{id}`; ListAgents lists the existing ones"),
        )
    })
}

fn answer(answer: Answer) -> Response {
    response::answer(answer.map(Json))
}
