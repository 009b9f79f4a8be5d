//! Aliases and versions: CloudFormation cuts a version only where something in the alias's own properties changes.

use std::collections::BTreeSet;

use super::{Rule, source};
use crate::{
    document::Node,
    finding::Found,
    view::{Resource, View},
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "alias-version",
        holds: "an alias's `Description` carries a parameter that changes with each release, and it has no \
                `RoutingConfiguration`: else an update cuts no version, and clients keep the old agent",
        source: source::DEPLOY_AGENT,
        fix: "add `Description: !Sub release ${Release}` with a parameter that is set to the build's hash",
        check: alias_version,
    },
    Rule {
        name: "alias-kept",
        holds: "an alias's name does not change with each release, which would replace the alias and its id",
        source: source::AGENT_ALIAS,
        fix: "put the release into the `Description`, and name the alias after the environment",
        check: alias_kept,
    },
    Rule {
        name: "guardrail-version",
        holds: "agents use a version of a guardrail that is replaced with each release: editing a guardrail makes none",
        source: source::GUARDRAIL_VERSION,
        fix: "use `!GetAtt VERSION.Version` of a `AWS::Bedrock::GuardrailVersion` whose `Description` has the release",
        check: guardrail_version,
    },
    Rule {
        name: "guardrail-version-kept",
        holds: "a replaced version of a guardrail stays, since the agents' own versions still use it",
        source: source::GUARDRAIL_VERSION,
        fix: "add `DeletionPolicy: Retain` and `UpdateReplacePolicy: Retain`",
        check: guardrail_version_kept,
    },
];

/// The parameters of a property that may be another with each deployment: those that do not choose from a list.
fn changing(view: &View<'_>, resource: &Resource, property: &str) -> bool {
    let Some(written) = view.written(resource, property) else { return false };
    let parameters = view.project.template.get("Parameters");
    let free = |name: &str| {
        let parameter = parameters.and_then(|parameters| parameters.get(name));
        parameter.is_some_and(|parameter| parameter.get("AllowedValues").is_none())
    };
    let mut names = BTreeSet::new();
    written.walk(&mut |node| {
        names.extend(node.text_of("Ref").map(str::to_owned));
        let pattern = node.get("Fn::Sub").and_then(|sub| sub.text().or_else(|| sub.items().first()?.text()));
        for part in pattern.unwrap_or_default().split("${").skip(1) {
            names.extend(part.split_once('}').map(|(name, _)| name.trim().to_owned()));
        }
    });
    names.iter().any(|name| free(name))
}

fn alias_version(view: &View<'_>, found: &mut Found<'_>) {
    for alias in view.of_type("AWS::Bedrock::AgentAlias") {
        if alias.properties().get("RoutingConfiguration").is_some() {
            let message = format!("the alias `{}` is bound to one version", alias.id);
            found.at(alias.place_of("RoutingConfiguration"), message);
        } else if !changing(view, alias, "Description") {
            let message = format!("the alias `{}` does not change when its agent does", alias.id);
            found.at(alias.place_of("Description"), message);
        }
    }
}

fn alias_kept(view: &View<'_>, found: &mut Found<'_>) {
    for alias in view.of_type("AWS::Bedrock::AgentAlias") {
        if changing(view, alias, "AgentAliasName") {
            let message = format!("the name of the alias `{}` changes with a parameter", alias.id);
            found.at(alias.place_of("AgentAliasName"), message);
        }
    }
}

fn guardrail_version(view: &View<'_>, found: &mut Found<'_>) {
    for version in view.of_type("AWS::Bedrock::GuardrailVersion") {
        if !changing(view, version, "Description") {
            let message = format!("the guardrail's version `{}` stays when the guardrail changes", version.id);
            found.at(version.place_of("Description"), message);
        }
    }
    for agent in view.agents() {
        let version = agent.properties().at(&["GuardrailConfiguration", "GuardrailVersion"]);
        let Some((version, text)) = version.and_then(|node| Some((node, node.text()?))) else { continue };
        if text.chars().all(|char| char.is_ascii_digit()) || text == "DRAFT" {
            let message = format!("the agent `{}` keeps the guardrail's version `{text}`", agent.id);
            found.at(&version.place, message);
        }
    }
}

fn guardrail_version_kept(view: &View<'_>, found: &mut Found<'_>) {
    for version in view.of_type("AWS::Bedrock::GuardrailVersion") {
        let kept = |name: &str| version.body.get(name).and_then(Node::text) == Some("Retain");
        let missing = ["DeletionPolicy", "UpdateReplacePolicy"].into_iter().filter(|name| !kept(name));
        let missing = crate::finding::quoted(missing);
        if !missing.is_empty() {
            found.at(&version.place, format!("the guardrail's version `{}` has no {missing}: Retain", version.id));
        }
    }
}
