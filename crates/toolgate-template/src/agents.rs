//! `AWS::Bedrock::Agent` with its action groups, collaborators and aliases.

use std::{ops::RangeInclusive, time::Duration};

use crate::{
    evaluate::Evaluator,
    functions::own_function,
    guardrail,
    identifiers::{alias_agent, alias_id},
    knowledge,
    node::Node,
    prompt::prompt,
    resources::{Resource, resources},
    schema,
    types::{ActionGroupSpec, AgentSpec, CollaboratorSpec},
};

/// The alias that Bedrock creates for every agent: its working draft.
const TEST_ALIAS: &str = "TSTALIASID";
const DEFAULT_IDLE_TTL_SECONDS: u64 = 600;
/// CloudFormation's allowed values.
const IDLE_TTL_SECONDS: RangeInclusive<u64> = 60..=5400;
const MODES: [&str; 3] = ["DISABLED", "SUPERVISOR", "SUPERVISOR_ROUTER"];

pub(crate) fn agents(evaluator: &Evaluator<'_>) -> Vec<AgentSpec> {
    let aliases: Vec<(String, [String; 2])> = resources(evaluator, &["AWS::Bedrock::AgentAlias"])
        .iter()
        .filter_map(|alias| {
            let names = [alias_id(evaluator, alias.id), alias.id.to_owned()];
            Some((alias_agent(evaluator, alias.id, alias.position())?, names))
        })
        .collect();
    let resources = resources(evaluator, &["AWS::Bedrock::Agent"]);
    let agents: Vec<AgentSpec> = resources
        .iter()
        .map(|resource| {
            let mut agent = agent(evaluator, resource);
            let own = aliases.iter().filter(|(owner, _)| *owner == agent.id);
            agent.aliases = own.flat_map(|(_, names)| names.clone()).collect();
            agent.aliases.push(TEST_ALIAS.to_owned());
            agent.aliases.dedup();
            agent
        })
        .collect();
    for (resource, agent) in resources.iter().zip(&agents) {
        check_collaborators(evaluator, resource, agent, &agents);
    }
    agents
}

fn agent(evaluator: &Evaluator<'_>, resource: &Resource<'_>) -> AgentSpec {
    let properties = resource.properties.as_ref();
    let text = |name: &str| evaluator.text_member(properties, name);
    let list = |name: &str| evaluator.member(properties, name).map(|list| list.items().to_vec()).unwrap_or_default();
    let needed = |name: &str| {
        let value = text(name);
        if value.is_none() {
            evaluator.problem(&properties.position, format!("an agent needs `{name}`"));
        }
        value.unwrap_or_default()
    };
    let mode = text("AgentCollaboration");
    if mode.as_deref().is_some_and(|mode| !MODES.contains(&mode)) {
        let position = properties.position_of("AgentCollaboration");
        evaluator.problem(&position, format!("this must be one of {}", MODES.join(", ")));
    }
    let idle = text("IdleSessionTTLInSeconds");
    let idle = idle.map(|seconds| seconds.parse().ok().filter(|seconds| IDLE_TTL_SECONDS.contains(seconds)));
    if idle == Some(None) {
        let (least, most) = (IDLE_TTL_SECONDS.start(), IDLE_TTL_SECONDS.end());
        let message = format!("this must be a whole number from {least} to {most}");
        evaluator.problem(&properties.position_of("IdleSessionTTLInSeconds"), message);
    }
    let collaborators = list("AgentCollaborators");
    let groups = list("ActionGroups");
    let configuration = evaluator.member(properties, "PromptOverrideConfiguration");
    AgentSpec {
        id: resource.id.to_owned(),
        name: text("AgentName").unwrap_or_else(|| resource.id.to_owned()),
        aliases: Vec::new(),
        instruction: needed("Instruction"),
        foundation_model: needed("FoundationModel"),
        supervisor: mode.as_deref().is_some_and(|mode| mode.starts_with("SUPERVISOR")),
        routes: mode.as_deref() == Some("SUPERVISOR_ROUTER"),
        collaborators: collaborators.iter().filter_map(|node| collaborator(evaluator, node)).collect(),
        action_groups: groups.iter().filter_map(|node| action_group(evaluator, node)).collect(),
        idle_ttl: Duration::from_secs(idle.flatten().unwrap_or(DEFAULT_IDLE_TTL_SECONDS)),
        prompt: prompt(evaluator, configuration.as_ref()),
        guardrail: guardrail::reference(evaluator, properties),
        knowledge_bases: knowledge::of_agent(evaluator, properties),
    }
}

fn collaborator(evaluator: &Evaluator<'_>, node: &Node) -> Option<CollaboratorSpec> {
    let text = |name: &str| node.get(name).and_then(Node::string).map(str::to_owned);
    let alias_arn = node.at(&["AgentDescriptor", "AliasArn"]).and_then(Node::string);
    // arn:aws:bedrock:…:agent-alias/<agent>/<alias>
    let agent_id = alias_arn.and_then(|arn| arn.split_once(":agent-alias/")?.1.split('/').next());
    let (Some(agent_id), Some(name)) = (agent_id, text("CollaboratorName")) else {
        let message = "a collaborator needs `CollaboratorName` and the alias ARN of an agent of this template";
        evaluator.problem(&node.position, message);
        return None;
    };
    Some(CollaboratorSpec {
        agent_id: agent_id.to_owned(),
        name,
        instruction: text("CollaborationInstruction").unwrap_or_default(),
        relay_history: text("RelayConversationHistory").as_deref() == Some("TO_COLLABORATOR"),
    })
}

fn check_collaborators(evaluator: &Evaluator<'_>, resource: &Resource<'_>, agent: &AgentSpec, all: &[AgentSpec]) {
    let position = resource.properties.position_of("AgentCollaborators");
    for collaborator in &agent.collaborators {
        if !all.iter().any(|other| other.id == collaborator.agent_id) {
            let message =
                format!("the collaborator `{}` does not refer to an agent of this template", collaborator.name);
            evaluator.problem(&position, message);
        }
    }
    if leads_to(all, &agent.id, &agent.id) {
        let message = "it leads back to this agent: agents with a circular dependency cannot be deployed";
        evaluator.problem(&position, message);
    }
}

/// Whether an agent is among its own direct or indirect collaborators.
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

fn action_group(evaluator: &Evaluator<'_>, node: &Node) -> Option<ActionGroupSpec> {
    let text = |name: &str| node.get(name).and_then(Node::string).map(str::to_owned);
    if text("ActionGroupState").as_deref() == Some("DISABLED") {
        return None;
    }
    let Some(name) = text("ActionGroupName") else {
        evaluator.problem(&node.position, "an action group needs `ActionGroupName`");
        return None;
    };
    let executor = node.at(&["ActionGroupExecutor", "Lambda"]).filter(|executor| executor.string().is_some());
    Some(ActionGroupSpec {
        name,
        description: text("Description").unwrap_or_default(),
        function: executor.and_then(|executor| own_function(evaluator, Some(executor), &executor.position)),
        signature: text("ParentActionGroupSignature"),
        schema: schema::group(evaluator, node),
    })
}
