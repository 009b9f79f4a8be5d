//! `AWS::Bedrock::Agent` with its action groups, collaborators and aliases.

use std::{ops::RangeInclusive, time::Duration};

use serde_json::Value;

use super::{
    ActionGroupSpec, AgentSpec, CollaboratorSpec, prompt, schema,
    scope::{Resource, Scope, text},
};

/// The alias that Bedrock gives every agent: its working draft.
const TEST_ALIAS: &str = "TSTALIASID";
const DEFAULT_IDLE_TTL_SECONDS: u64 = 600;
/// What CloudFormation takes.
const IDLE_TTL_SECONDS: RangeInclusive<u64> = 60..=5400;
const MODES: [&str; 3] = ["DISABLED", "SUPERVISOR", "SUPERVISOR_ROUTER"];

pub(super) fn agents(scope: &Scope<'_>) -> Vec<AgentSpec> {
    let aliases: Vec<(String, Vec<String>)> = scope
        .resources(&["AWS::Bedrock::AgentAlias"])
        .iter()
        .filter_map(|alias| {
            let names = vec![scope.alias_id(alias.id), alias.id.to_owned()];
            Some((scope.alias_agent(alias.id, &alias.at)?, names))
        })
        .collect();
    let agents = scope.resources(&["AWS::Bedrock::Agent"]);
    let agents: Vec<AgentSpec> = agents
        .iter()
        .map(|resource| {
            let mut agent = agent(scope, resource);
            let own = aliases.iter().filter(|(owner, _)| *owner == agent.id);
            agent.aliases = own.flat_map(|(_, names)| names.clone()).collect();
            agent.aliases.push(TEST_ALIAS.to_owned());
            agent.aliases.dedup();
            agent
        })
        .collect();
    check_collaborators(scope, &agents);
    agents
}

fn agent(scope: &Scope<'_>, resource: &Resource<'_>) -> AgentSpec {
    let (properties, at) = resource.properties();
    let at = at.as_str();
    let text = |key: &str| scope.text_member(properties, key, at);
    let list = |key: &str| match scope.member(properties, key, at) {
        Some(Value::Array(items)) => items,
        _ => Vec::new(),
    };
    let needed = |key: &str| {
        let value = text(key);
        if value.is_none() {
            scope.problem(at, format!("an agent needs `{key}`"));
        }
        value.unwrap_or_default()
    };
    let mode = text("AgentCollaboration");
    if mode.as_deref().is_some_and(|mode| !MODES.contains(&mode)) {
        scope.problem(&format!("{at}.AgentCollaboration"), format!("this must be one of {}", MODES.join(", ")));
    }
    let idle = text("IdleSessionTTLInSeconds");
    let idle = idle.map(|seconds| seconds.parse().ok().filter(|seconds| IDLE_TTL_SECONDS.contains(seconds)));
    if idle == Some(None) {
        let (least, most) = (IDLE_TTL_SECONDS.start(), IDLE_TTL_SECONDS.end());
        let message = format!("this must be a whole number from {least} to {most}");
        scope.problem(&format!("{at}.IdleSessionTTLInSeconds"), message);
    }
    let groups = list("ActionGroups");
    let collaborators = list("AgentCollaborators");
    AgentSpec {
        id: resource.id.to_owned(),
        name: text("AgentName").unwrap_or_else(|| resource.id.to_owned()),
        aliases: Vec::new(),
        instruction: needed("Instruction"),
        foundation_model: needed("FoundationModel"),
        supervisor: mode.as_deref().is_some_and(|mode| mode.starts_with("SUPERVISOR")),
        routes: mode.as_deref() == Some("SUPERVISOR_ROUTER"),
        collaborators: numbered(&collaborators, &format!("{at}.AgentCollaborators"))
            .filter_map(|(value, at)| collaborator(scope, value, &at))
            .collect(),
        action_groups: numbered(&groups, &format!("{at}.ActionGroups"))
            .filter_map(|(value, at)| action_group(scope, value, &at))
            .collect(),
        idle_ttl: Duration::from_secs(idle.flatten().unwrap_or(DEFAULT_IDLE_TTL_SECONDS)),
        prompt: prompt::read(scope, scope.member(properties, "PromptOverrideConfiguration", at).as_ref(), at),
    }
}

fn numbered<'v>(values: &'v [Value], at: &str) -> impl Iterator<Item = (&'v Value, String)> {
    values.iter().enumerate().map(move |(index, value)| (value, format!("{at}[{index}]")))
}

fn collaborator(scope: &Scope<'_>, value: &Value, at: &str) -> Option<CollaboratorSpec> {
    let get = |key: &str| value.get(key).and_then(text);
    let alias_arn = value.pointer("/AgentDescriptor/AliasArn").and_then(text);
    // arn:aws:bedrock:…:agent-alias/<agent>/<alias>
    let agent_id = alias_arn.as_deref().and_then(|arn| arn.split_once(":agent-alias/")?.1.split('/').next());
    let (Some(agent_id), Some(name)) = (agent_id, get("CollaboratorName")) else {
        scope.problem(at, "a collaborator needs `CollaboratorName` and the alias ARN of an agent of this template");
        return None;
    };
    Some(CollaboratorSpec {
        agent_id: agent_id.to_owned(),
        name,
        instruction: get("CollaborationInstruction").unwrap_or_default(),
        relay_history: get("RelayConversationHistory").as_deref() == Some("TO_COLLABORATOR"),
    })
}

fn check_collaborators(scope: &Scope<'_>, agents: &[AgentSpec]) {
    for agent in agents {
        for collaborator in &agent.collaborators {
            if !agents.iter().any(|other| other.id == collaborator.agent_id) {
                let message = format!("the collaborator `{}` leads to no agent of this template", collaborator.name);
                scope.problem(&format!("Resources.{}.Properties.AgentCollaborators", agent.id), message);
            }
        }
        if leads_to(agents, &agent.id, &agent.id) {
            let message = "it leads back to this agent: agents cannot be deployed that need each other";
            scope.problem(&format!("Resources.{}.Properties.AgentCollaborators", agent.id), message);
        }
    }
}

/// Whether an agent's collaborators, theirs and so on, come to this one.
fn leads_to(agents: &[AgentSpec], from: &str, to: &str) -> bool {
    let of = |id: &str| agents.iter().find(|agent| agent.id == id).into_iter().flat_map(|agent| &agent.collaborators);
    let mut open: Vec<&str> = of(from).map(|collaborator| collaborator.agent_id.as_str()).collect();
    let mut seen: Vec<&str> = Vec::new();
    while let Some(next) = open.pop() {
        if next == to {
            return true;
        }
        if !seen.contains(&next) {
            seen.push(next);
            open.extend(of(next).map(|collaborator| collaborator.agent_id.as_str()));
        }
    }
    false
}

fn action_group(scope: &Scope<'_>, value: &Value, at: &str) -> Option<ActionGroupSpec> {
    let get = |key: &str| value.get(key).and_then(text);
    if get("ActionGroupState").as_deref() == Some("DISABLED") {
        return None;
    }
    let Some(name) = get("ActionGroupName") else {
        scope.problem(at, "an action group needs `ActionGroupName`");
        return None;
    };
    let executor = value.pointer("/ActionGroupExecutor/Lambda").and_then(text);
    let function = executor.and_then(|arn| {
        let id = function_id(&arn);
        let kind = scope.document.resource_type(&id);
        if kind.is_none_or(|kind| !kind.ends_with("::Function")) {
            scope.problem(&format!("{at}.ActionGroupExecutor"), format!("`{arn}` is no function of this template"));
            return None;
        }
        Some(id)
    });
    Some(ActionGroupSpec {
        name,
        description: get("Description").unwrap_or_default(),
        function,
        signature: get("ParentActionGroupSignature"),
        schema: schema::group(scope, value, at),
    })
}

/// The logical id in `arn:aws:lambda:…:function:<id>` or `…:function:<id>:<qualifier>`.
pub(super) fn function_id(arn: &str) -> String {
    let name = arn.split_once(":function:").map_or(arn, |(_, name)| name);
    name.split(':').next().unwrap_or(name).to_owned()
}
