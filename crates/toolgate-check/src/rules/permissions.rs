//! Permissions to call a function: Bedrock Agents needs the function's own policy, a gateway its role.

use toolgate_template::Node;

use super::{Rule, source};
use crate::{
    deployment::{Deployment, FunctionRef, Resource},
    reporter::Reporter,
};

pub(super) const RULES: &[Rule] = &[
    Rule::error("invoke-permission", source::AGENTS_PERMISSIONS, invoke_permission)
        .holds("the function behind an action group lets `bedrock.amazonaws.com` invoke it, by the same alias")
        .fix("add an `AWS::Lambda::Permission` whose `FunctionName` is what the action group's executor names"),
    Rule::error("permission-source", source::LAMBDA_PERMISSION, permission_source)
        .holds("such a permission names this account and one agent, so that no other agent may call the function")
        .fix(
            "set `SourceAccount: !Ref AWS::AccountId` and `SourceArn: !GetAtt AGENT.AgentArn`; two agents are two \
              permissions",
        ),
    Rule::error("gateway-invoke", source::GATEWAY_LAMBDA, gateway_invoke)
        .holds("a gateway's role may `lambda:InvokeFunction` the functions of its targets")
        .fix("allow `lambda:InvokeFunction` on the function that the target names"),
    Rule::error("supervisor-invoke", source::AGENTS_PERMISSIONS, supervisor_invoke)
        .holds("a supervisor's role may `bedrock:InvokeAgent` and `bedrock:GetAgentAlias`")
        .fix("allow both on the aliases of its collaborators"),
];

/// The statements of all policies that a role of this template has.
pub(super) fn statements(deployment: &Deployment<'_>, role: &Resource) -> Vec<Node> {
    let own = role.properties().list("Policies").iter().filter_map(|policy| policy.get("PolicyDocument"));
    let managed = role.properties().list("ManagedPolicyArns").iter().filter_map(|arn| deployment.referred(arn.text()?));
    let names = |resource: &&Resource| {
        let reference = format!("${{{}}}", role.id);
        let single = resource.properties().text_of("RoleName") == Some(reference.as_str());
        single || resource.properties().list("Roles").iter().any(|name| name.text() == Some(reference.as_str()))
    };
    let kinds = ["AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"];
    let attached = kinds.into_iter().flat_map(|kind| deployment.of_type(kind)).filter(names);
    let documents = own.chain(managed.chain(attached).filter_map(|policy| policy.properties().get("PolicyDocument")));
    let statements = documents.filter_map(|document| document.get("Statement"));
    statements.flat_map(Node::one_or_more).cloned().collect()
}

/// The statements of a function's own policies and of its role.
pub(super) fn of_function(deployment: &Deployment<'_>, function: &Resource) -> Vec<Node> {
    let policies = function.properties().list("Policies").iter();
    let own = policies.filter_map(|policy| policy.get("Statement")).flat_map(Node::one_or_more).cloned();
    let role = deployment.referred_by(function, "Role");
    own.chain(role.map(|role| statements(deployment, role)).unwrap_or_default()).collect()
}

/// Whether this template has all permissions of a function. A role from elsewhere, and SAM's policy templates, are not
/// read.
pub(super) fn are_known(deployment: &Deployment<'_>, function: &Resource) -> bool {
    let has_own_role = match function.properties().get("Role") {
        None => function.kind == "AWS::Serverless::Function",
        Some(_) => deployment.referred_by(function, "Role").is_some(),
    };
    has_own_role && function.properties().list("Policies").iter().all(|policy| policy.get("Statement").is_some())
}

/// Whether a statement allows an action on any resource.
pub(super) fn allows(statement: &Node, action: &str) -> bool {
    let matching = |pattern: &str| {
        let (pattern, action) = (pattern.to_ascii_lowercase(), action.to_ascii_lowercase());
        match pattern.split_once('*') {
            Some((start, end)) => action.starts_with(start) && action.ends_with(end),
            None => pattern == action,
        }
    };
    let actions = statement.get("Action").map_or(&[] as &[_], Node::one_or_more);
    statement.text_of("Effect") == Some("Allow") && actions.iter().filter_map(Node::text).any(matching)
}

/// The permissions of Bedrock Agents, each with its function.
fn permissions<'v>(deployment: &'v Deployment<'_>) -> impl Iterator<Item = (&'v Resource, Option<FunctionRef>)> {
    let of_bedrock = |resource: &&Resource| resource.properties().text_of("Principal") == Some("bedrock.amazonaws.com");
    deployment.of_type("AWS::Lambda::Permission").filter(of_bedrock).map(|resource| {
        (resource, resource.properties().text_of("FunctionName").and_then(|name| deployment.function(name)))
    })
}

fn invoke_permission(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for group in deployment.groups() {
        let executor = group.executor().and_then(|node| Some((node, deployment.function(node.text()?)?)));
        let Some((node, function)) = executor else { continue };
        let action = |resource: &Resource| {
            let action = resource.properties().text_of("Action").unwrap_or_default();
            ["lambda:InvokeFunction", "lambda:*"].contains(&action)
        };
        if !permissions(deployment).any(|(resource, of)| of.as_ref() == Some(&function) && action(resource)) {
            let qualifier = function.qualifier.as_ref().map(|it| format!(" with the qualifier `{it}`"));
            let (name, id, with) = (group.name(), &function.id, qualifier.unwrap_or_default());
            reporter.at(&node.position, format!("Bedrock may not invoke `{id}`{with} for the action group `{name}`"));
        }
    }
}

fn permission_source(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for (permission, _) in permissions(deployment) {
        let text = |name: &str| permission.properties().text_of(name).unwrap_or_default();
        let (arn, account) = (text("SourceArn"), text("SourceAccount"));
        let id = &permission.id;
        if arn.is_empty() && account.is_empty() {
            reporter.at(&permission.position, format!("the permission `{id}` allows agents of every account"));
        } else if arn.is_empty() {
            reporter.at(&permission.position, format!("the permission `{id}` has no `SourceArn`"));
        } else if !narrow(arn) {
            let message = format!("the permission `{id}` allows more than one agent: `{arn}`");
            reporter.at(permission.position_of("SourceArn"), message);
        } else if account.is_empty() || account.contains('*') {
            reporter.at(&permission.position, format!("the permission `{id}` has no `SourceAccount`"));
        }
    }
}

/// Whether an ARN belongs to one agent.
fn narrow(arn: &str) -> bool {
    // Pseudo parameters contain colons.
    let plain = arn.replace("AWS::", "");
    let parts: Vec<&str> = plain.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", _, service, region, account, resource] => {
            *service == "bedrock"
                && ![*region, *account, *resource].iter().any(|it| it.contains(['*', '?']))
                && resource.strip_prefix("agent/").is_some_and(|id| !id.is_empty())
        }
        _ => arn.starts_with("${") && arn.ends_with(".AgentArn}"),
    }
}

fn gateway_invoke(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for target in deployment.targets() {
        let function = target.lambda.get("LambdaArn").and_then(|node| Some((node, deployment.function(node.text()?)?)));
        let Some((node, function)) = function else { continue };
        let Some(role) = target.role(deployment) else { continue };
        let covers = |statement: &&Node| {
            let resources = statement.get("Resource").map_or(&[] as &[_], Node::one_or_more);
            resources.iter().filter_map(Node::text).any(|arn| {
                // `F.Arn` covers only `F`, and `F.Arn:*` its aliases. The ARN of an alias covers that alias.
                let exact = node.text() == Some(arn) || deployment.function(arn).as_ref() == Some(&function);
                let qualified = function.qualifier.is_some() && arn.ends_with(":*");
                let same = deployment.function(arn).is_some_and(|other| other.id == function.id);
                exact || arn == "*" || (qualified && same) || (arn.contains(":function:") && arn.ends_with('*'))
            })
        };
        let statements = statements(deployment, role);
        let mut allowed = statements.iter().filter(|it| allows(it, "lambda:InvokeFunction"));
        if !allowed.any(|statement| covers(&statement)) {
            let (role, id, name) = (&role.id, &function.id, target.name());
            reporter.at(&node.position, format!("the role `{role}` may not invoke `{id}` for the target `{name}`"));
        }
    }
}

fn supervisor_invoke(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for agent in deployment.agents().filter(|agent| !agent.properties().list("AgentCollaborators").is_empty()) {
        let Some(role) = deployment.referred_by(agent, "AgentResourceRoleArn") else { continue };
        let statements = statements(deployment, role);
        for action in ["bedrock:InvokeAgent", "bedrock:GetAgentAlias"] {
            if !statements.iter().any(|statement| allows(statement, action)) {
                let message = format!("the role `{}` of the supervisor `{}` may not `{action}`", role.id, agent.id);
                reporter.at(&role.position, message);
            }
        }
    }
}
