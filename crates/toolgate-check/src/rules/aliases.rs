//! Aliases and versions. CloudFormation creates a version only if a property of the alias itself changes.

use toolgate_template::{Node, conditions, references};

use super::{Rule, source};
use crate::{
    deployment::{Deployment, Resource},
    reporter::{Reporter, quoted},
};

pub(super) const RULES: &[Rule] = &[
    Rule::error("alias-version", source::DEPLOY_AGENT, alias_version)
        .holds(
            "an alias's `Description` contains a parameter that changes with each release, and the alias has no \
                `RoutingConfiguration`: otherwise an update creates no version, and clients keep the old agent",
        )
        .fix("add `Description: !Sub release ${Release}` with a parameter that is set to the build's hash"),
    Rule::error("function-version", source::SAM_FUNCTION, function_version)
        .holds(
            "a function whose settings depend on parameters, and that publishes an alias, has \
                `AutoPublishCodeSha256`, a parameter by `!Ref` that changes with each release: SAM's own hash ignores \
                a changed parameter, and the alias would keep the old version",
        )
        .fix("add `AutoPublishCodeSha256: !Ref PARAMETER`, set to a hash over the code and the function's settings"),
    Rule::error("alias-kept", source::AGENT_ALIAS, alias_kept)
        .holds("an alias's name does not change with each release, which would replace the alias and its id")
        .fix("put the release into the `Description`, and name the alias after the environment"),
    Rule::error("guardrail-version", source::GUARDRAIL_VERSION, guardrail_version)
        .holds(
            "agents use a version of a guardrail that is replaced with each release: a change of a guardrail \
                creates no version",
        )
        .fix("use `!GetAtt VERSION.Version` of a `AWS::Bedrock::GuardrailVersion` whose `Description` has the release"),
    Rule::error("guardrail-version-kept", source::GUARDRAIL_VERSION, guardrail_version_kept)
        .holds("a replaced version of a guardrail stays, since the agents' own versions still use it")
        .fix("add `DeletionPolicy: Retain` and `UpdateReplacePolicy: Retain`"),
];

/// The parameters of a property that may change with each deployment: those without a list of allowed values.
fn changing(deployment: &Deployment<'_>, resource: &Resource, property: &str) -> bool {
    let Some(written) = deployment.written(resource, property) else { return false };
    let parameters = deployment.project.source.at(&["Parameters"]);
    let free = |name: &str| {
        let parameter = parameters.and_then(|parameters| parameters.get(name));
        parameter.is_some_and(|parameter| parameter.get("AllowedValues").is_none())
    };
    references(written).iter().any(|name| free(name))
}

fn alias_version(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for alias in deployment.of_type("AWS::Bedrock::AgentAlias") {
        if alias.properties().get("RoutingConfiguration").is_some() {
            let message = format!("the alias `{}` is bound to one version", alias.id);
            reporter.at(alias.position_of("RoutingConfiguration"), message);
        } else if !changing(deployment, alias, "Description") {
            let message = format!("the alias `{}` does not change when its agent does", alias.id);
            reporter.at(alias.position_of("Description"), message);
        }
    }
}

fn function_version(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    let globals = deployment.project.source.at(&["Globals", "Function"]);
    for function in
        deployment.of_type("AWS::Serverless::Function").filter(|function| deployment.alias(function).is_some())
    {
        let own = deployment.project.source.at(&["Resources", &function.id, "Properties"]);
        let parts = [globals, own].into_iter().flatten();
        let settings = parts
            .flat_map(Node::entries)
            .filter(|entry| !["AutoPublishCodeSha256", "CodeUri", "Policies", "Tags"].contains(&entry.name.as_str()));
        let depends = |node: &Node| {
            !conditions(node).is_empty() || references(node).iter().any(|name| deployment.parameter(name).is_some())
        };
        if !settings.map(|entry| &entry.node).any(depends) {
            continue;
        }
        let released = deployment.written(function, "AutoPublishCodeSha256").and_then(|hash| hash.text_of("Ref"));
        let free = |name: &str| deployment.parameter(name).is_some_and(|it| it.get("AllowedValues").is_none());
        if !released.is_some_and(free) {
            let message = format!("the alias of `{}` keeps its version when only a parameter changes", function.id);
            reporter.at(function.position_of("AutoPublishCodeSha256"), message);
        }
    }
}

fn alias_kept(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for alias in deployment.of_type("AWS::Bedrock::AgentAlias") {
        if changing(deployment, alias, "AgentAliasName") {
            let message = format!("the name of the alias `{}` changes with a parameter", alias.id);
            reporter.at(alias.position_of("AgentAliasName"), message);
        }
    }
}

fn guardrail_version(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for version in deployment.of_type("AWS::Bedrock::GuardrailVersion") {
        if !changing(deployment, version, "Description") {
            let message = format!("the guardrail's version `{}` stays when the guardrail changes", version.id);
            reporter.at(version.position_of("Description"), message);
        }
    }
    for agent in deployment.agents() {
        let version = agent.properties().at(&["GuardrailConfiguration", "GuardrailVersion"]);
        let Some((version, text)) = version.and_then(|node| Some((node, node.text()?))) else { continue };
        if text.chars().all(|char| char.is_ascii_digit()) || text == "DRAFT" {
            let message = format!("the agent `{}` keeps the guardrail's version `{text}`", agent.id);
            reporter.at(&version.position, message);
        }
    }
}

fn guardrail_version_kept(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for version in deployment.of_type("AWS::Bedrock::GuardrailVersion") {
        let kept = |name: &str| version.body.get(name).and_then(Node::text) == Some("Retain");
        let missing = ["DeletionPolicy", "UpdateReplacePolicy"].into_iter().filter(|name| !kept(name));
        let missing = quoted(missing);
        if !missing.is_empty() {
            reporter
                .at(&version.position, format!("the guardrail's version `{}` has no {missing}: Retain", version.id));
        }
    }
}
