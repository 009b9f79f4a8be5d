//! AgentCore's Cedar policies, validated against the schema that the gateway derives from its tools.

use serde_json::Value;
use toolgate_policy::{Actions, Caller, StatementError, Tool};

use toolgate_template::{Node, Position};

use super::{Rule, source};
use crate::{
    deployment::{Deployment, Resource},
    reporter::Reporter,
};

pub(super) const RULES: &[Rule] = &[
    Rule::error("cedar-statement", source::POLICY, statement)
        .holds("a policy is one Cedar policy of 35 to 10,000 characters")
        .fix("correct the statement; two policies are two resources"),
    Rule::error("cedar-action", source::POLICY_SCHEMA, action)
        .holds("the actions of a policy are tools of its gateways: `AgentCore::Action::\"TARGET___TOOL\"`, or a target")
        .fix("name a tool as the gateway does, with three underscores"),
    Rule::error("cedar-schema", source::POLICY_SCHEMA, validates)
        .holds("a policy validates against the schema that the gateway derives from its tools")
        .fix("use the principals, tags and input fields that exist, each by its type"),
    Rule::warning("temporal-policy", source::POLICY_TEMPORAL, temporal)
        .holds(
            "a limit over several calls is not held by a temporal policy alone: the caller chooses the id of its session, \
             parallel calls can pass together, and `toolgate dev` does not evaluate the policy (it denies the policy's tools)",
        )
        .fix(
            "hold the limit in the function with `.budget(..)` or `.once(..)`, or in a hook of the harness; keep the policy \
             beside it",
        ),
];

/// A valid policy of this deployment.
struct Statement<'v> {
    resource: &'v Resource,
    node: &'v Node,
    actions: Actions,
}

fn statements<'v>(deployment: &'v Deployment<'_>) -> impl Iterator<Item = Statement<'v>> {
    deployment.of_type("AWS::BedrockAgentCore::Policy").filter_map(|resource| {
        // Temporal policies (`Definition.Policy`) use another language.
        let node = resource.properties().at(&["Definition", "Cedar", "Statement"])?;
        let engine = deployment.referred_by(resource, "PolicyEngineId")?;
        Some(Statement { resource, node, actions: actions(deployment, engine) })
    })
}

/// The names that an engine's policies may use: the tools of all gateways with this engine.
fn actions(deployment: &Deployment<'_>, engine: &Resource) -> Actions {
    let mut callers: Vec<Caller> = Vec::new();
    let mut tools: Vec<(String, Value)> = Vec::new();
    for gateway in deployment.of_type("AWS::BedrockAgentCore::Gateway") {
        let arn = gateway.properties().at(&["PolicyEngineConfiguration", "Arn"]);
        let used = arn.and_then(Node::text).and_then(|arn| deployment.referred(arn));
        if used.is_none_or(|used| used.id != engine.id) {
            continue;
        }
        callers.extend(Caller::of(gateway.properties().text_of("AuthorizerType")));
        for target in deployment.targets() {
            if target.gateway(deployment).is_some_and(|own| own.id == gateway.id) {
                tools.extend(target.tools().iter().map(|tool| {
                    let name = format!("{}___{}", target.name(), tool.text_of("Name").unwrap_or_default());
                    (name, tool.get("InputSchema").map(Node::to_json).unwrap_or_default())
                }));
            }
        }
    }
    Actions::new(callers, tools.iter().map(|(name, input_schema)| Tool { name, input_schema }))
}

fn parsed(node: &Node) -> Result<toolgate_policy::Statement, StatementError> {
    toolgate_policy::Statement::parse(node.text().unwrap_or_default())
}

fn statement(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for Statement { resource, node, .. } in statements(deployment) {
        let length = node.text().map_or(0, |text| text.chars().count());
        if !toolgate_policy::Statement::fits(length) {
            reporter
                .at(&node.position, format!("the statement of the policy `{}` has {length} characters", resource.id));
        }
        if let Err(reason) = parsed(node) {
            reporter.at(&node.position, format!("the policy `{}` is not one Cedar policy: {reason}", resource.id));
        }
    }
}

fn temporal(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for resource in deployment.of_type("AWS::BedrockAgentCore::Policy") {
        if let Some(node) = resource.properties().at(&["Definition", "Policy"]) {
            let message =
                format!("the policy `{}` is temporal, and its rule is neither checked nor evaluated here", resource.id);
            reporter.at(&node.position, message);
        }
    }
}

/// The line of a block of text that contains this text.
fn line_of(node: &Node, words: &str) -> Position {
    let line = node.text().unwrap_or_default().lines().position(|line| line.contains(words));
    node.position.moved(node.position.line + line.unwrap_or_default(), node.position.column)
}

fn action(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for Statement { resource, node, actions } in statements(deployment) {
        let Ok(policy) = parsed(node) else { continue };
        for name in actions.unknown(&policy) {
            let position = line_of(node, &format!("\"{name}\""));
            let message = format!("the policy `{}` names `{name}`, and the gateway has no such tool", resource.id);
            reporter.at(&position, message);
        }
    }
}

fn validates(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for Statement { resource, node, actions } in statements(deployment) {
        let Ok(policy) = parsed(node) else { continue };
        if !actions.unknown(&policy).is_empty() {
            continue;
        }
        let schema = match actions.schema() {
            Ok(schema) => schema,
            Err(reason) => {
                reporter.at(&node.position, format!("no schema could be derived for `{}`: {reason}", resource.id));
                continue;
            }
        };
        for finding in schema.findings(&policy) {
            let message = format!("the policy `{}` does not validate: {finding}", resource.id);
            reporter.at(&node.position, message);
        }
    }
}
