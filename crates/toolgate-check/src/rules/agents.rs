//! Agents, their collaborators and guardrails.

use std::collections::{BTreeMap, BTreeSet};

use toolgate_template::Node;

use super::{Rule, permissions, source};
use crate::{
    deployment::{Deployment, Resource},
    reporter::Reporter,
};

pub(super) const RULES: &[Rule] = &[
    Rule::error("auto-prepare", source::AGENT, auto_prepare)
        .holds("each agent has `AutoPrepare: true`, without which a deployment leaves the old draft in service")
        .fix("add `AutoPrepare: true`"),
    Rule::error("agent-metrics", source::AGENTS_METRICS, metrics)
        .holds("the role of an agent may `cloudwatch:PutMetricData`, without which it has no metrics")
        .fix("allow `cloudwatch:PutMetricData` on `*` where `cloudwatch:namespace` is `AWS/Bedrock/Agents`"),
    Rule::error("idle-session", source::AGENT, idle_session)
        .holds("`IdleSessionTTLInSeconds` is 60 to 5,400")
        .fix("choose a time between a minute and 90 minutes"),
    Rule::error("collaborator-count", source::COLLABORATION, collaborator_count)
        .holds("a supervisor has at most 10 collaborators")
        .fix("use fewer collaborators with more tools each, or nest a second supervisor"),
    Rule::error("collaborator-cycle", source::COLLABORATION, collaborator_cycle)
        .holds("no agent is its own collaborator, directly or through other agents")
        .fix("remove one of the collaborators in the cycle"),
    Rule::error("supervisor-mode", source::COLLABORATION, supervisor_mode)
        .holds("an agent with collaborators, and no other, has `AgentCollaboration: SUPERVISOR` or `SUPERVISOR_ROUTER`")
        .fix("set `AgentCollaboration`, or remove it with the collaborators"),
    Rule::error("topic-definition", source::GUARDRAIL_TOPICS, topic_definition)
        .holds(
            "the definition of a guardrail's denied topic has at most 200 characters (CloudFormation's schema \
                allows 1,000, but the service does not)",
        )
        .fix("shorten it, and move the rest to `Examples`"),
    Rule::error("prompt-attack-input", source::GUARDRAIL_PROMPT_ATTACK, prompt_attack_input)
        .holds("a guardrail's `PROMPT_ATTACK` filter is for inputs: its `OutputStrength` is `NONE`")
        .fix("set `OutputStrength: NONE`"),
];

/// The user guide states 10; the quota table states 1,000. The lower limit is safe.
const COLLABORATORS: usize = 10;

fn auto_prepare(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for agent in deployment.agents() {
        if !agent.properties().get("AutoPrepare").is_some_and(Node::is_true) {
            let message = format!("the agent `{}` is not prepared after a change", agent.id);
            reporter.at(agent.position_of("AutoPrepare"), message);
        }
    }
}

fn metrics(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for agent in deployment.agents() {
        // The permissions of a role in another template are unknown.
        let Some(role) = deployment.referred_by(agent, "AgentResourceRoleArn") else { continue };
        let allowed = permissions::statements(deployment, role)
            .iter()
            .any(|it| permissions::allows(it, "cloudwatch:PutMetricData"));
        if !allowed {
            let message = format!("the role `{}` of the agent `{}` may not write metrics", role.id, agent.id);
            reporter.at(&role.position, message);
        }
    }
}

fn idle_session(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for agent in deployment.agents() {
        let Some(text) = agent.properties().text_of("IdleSessionTTLInSeconds") else { continue };
        if text.parse::<u32>().is_ok_and(|seconds| !(60..=5_400).contains(&seconds)) {
            let message = format!("sessions of the agent `{}` would last {text} seconds", agent.id);
            reporter.at(agent.position_of("IdleSessionTTLInSeconds"), message);
        }
    }
}

fn collaborator_count(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for agent in deployment.agents() {
        let count = agent.properties().list("AgentCollaborators").len();
        if count > COLLABORATORS {
            let message = format!("the agent `{}` has {count} collaborators", agent.id);
            reporter.at(agent.position_of("AgentCollaborators"), message);
        }
    }
}

/// The agents of an agent's collaborators.
fn behind(deployment: &Deployment<'_>, agent: &Resource) -> Vec<String> {
    let collaborators = agent.properties().list("AgentCollaborators").iter();
    let alias = collaborators.filter_map(|it| deployment.referred(it.at(&["AgentDescriptor", "AliasArn"])?.text()?));
    alias.filter_map(|alias| Some(deployment.referred_by(alias, "AgentId")?.id.clone())).collect()
}

fn collaborator_cycle(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    let edges: BTreeMap<&str, Vec<String>> =
        deployment.agents().map(|agent| (agent.id.as_str(), behind(deployment, agent))).collect();
    for agent in deployment.agents() {
        let mut reached = BTreeSet::<&str>::new();
        let mut open: Vec<&str> = vec![&agent.id];
        while let Some(next) = open.pop() {
            let further = edges.get(next).into_iter().flatten().map(String::as_str);
            open.extend(further.filter(|id| reached.insert(id)));
        }
        if reached.contains(agent.id.as_str()) {
            let message = format!("the agent `{}` is its own collaborator, directly or through other agents", agent.id);
            reporter.at(agent.position_of("AgentCollaborators"), message);
        }
    }
}

fn supervisor_mode(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for agent in deployment.agents() {
        let leads = !agent.properties().list("AgentCollaborators").is_empty();
        let mode = agent.properties().text_of("AgentCollaboration").unwrap_or("DISABLED");
        if leads != mode.starts_with("SUPERVISOR") {
            let has = if leads { "collaborators" } else { "no collaborators" };
            let message = format!("the agent `{}` has {has}, and `AgentCollaboration` is `{mode}`", agent.id);
            reporter.at(agent.position_of("AgentCollaboration"), message);
        }
    }
}

fn topic_definition(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for guardrail in deployment.of_type("AWS::Bedrock::Guardrail") {
        let topics = guardrail.properties().get("TopicPolicyConfig").map_or(&[] as &[_], |it| it.list("TopicsConfig"));
        for topic in topics {
            let length = topic.text_of("Definition").map_or(0, |text| text.trim_end().chars().count());
            if length > 200 {
                let name = topic.text_of("Name").unwrap_or_default();
                let position = topic.nearest_position("Definition");
                reporter.at(position, format!("the definition of the denied topic `{name}` has {length} characters"));
            }
        }
    }
}

fn prompt_attack_input(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for guardrail in deployment.of_type("AWS::Bedrock::Guardrail") {
        let filters =
            guardrail.properties().get("ContentPolicyConfig").map_or(&[] as &[_], |it| it.list("FiltersConfig"));
        for filter in filters.iter().filter(|filter| filter.text_of("Type") == Some("PROMPT_ATTACK")) {
            if let Some(strength) = filter.entry("OutputStrength").filter(|it| it.node.text() != Some("NONE")) {
                let value = strength.node.text().unwrap_or("something else");
                let message =
                    format!("the guardrail `{}` looks for prompt attacks in outputs: `{value}`", guardrail.id);
                reporter.at(&strength.position, message);
            }
        }
    }
}
