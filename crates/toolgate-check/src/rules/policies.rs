//! Cedar policies of AgentCore: checked against the schema that the gateway derives from its tools.

mod schema;

use cedar_policy::{
    ActionConstraint, EntityUid, Policy, PolicyId, PolicySet, ValidationMode, ValidationWarning, Validator,
};

use self::schema::Actions;
use super::{Rule, source};
use crate::{
    document::{Node, Place},
    finding::Found,
    view::{Resource, View},
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "cedar-statement",
        holds: "a policy is one Cedar policy of 35 to 10,000 characters",
        source: source::POLICY,
        fix: "correct the statement; two policies are two resources",
        check: statement,
    },
    Rule {
        name: "cedar-action",
        holds: "the actions of a policy are tools of its gateways: `AgentCore::Action::\"TARGET___TOOL\"`, or a target",
        source: source::POLICY_SCHEMA,
        fix: "name a tool as the gateway does, with three underscores",
        check: action,
    },
    Rule {
        name: "cedar-schema",
        holds: "a policy validates against the schema that the gateway derives from its tools",
        source: source::POLICY_SCHEMA,
        fix: "use the principals, tags and input fields that exist, each by its type",
        check: validates,
    },
];

/// A policy of this deployment that is one.
struct Statement<'v> {
    resource: &'v Resource,
    node: &'v Node,
    actions: Actions,
}

fn statements<'v>(view: &'v View<'_>) -> impl Iterator<Item = Statement<'v>> {
    view.of_type("AWS::BedrockAgentCore::Policy").filter_map(|resource| {
        // temporal policies (`Definition.Policy`) are another language
        let node = resource.properties().at(&["Definition", "Cedar", "Statement"])?;
        let engine = view.referred(resource.properties().text_of("PolicyEngineId")?)?;
        Some(Statement { resource, node, actions: Actions::of(view, engine) })
    })
}

fn parsed(node: &Node) -> Result<Policy, String> {
    let text = node.text().unwrap_or_default();
    Policy::parse(Some(PolicyId::new("policy")), text).map_err(|error| {
        let causes: Vec<String> = error.iter().map(ToString::to_string).collect();
        causes.join("; ")
    })
}

fn statement(view: &View<'_>, found: &mut Found<'_>) {
    for Statement { resource, node, .. } in statements(view) {
        let length = node.text().map_or(0, |text| text.chars().count());
        if !(35..=10_000).contains(&length) {
            found.at(&node.place, format!("the statement of the policy `{}` has {length} characters", resource.id));
        }
        if let Err(reason) = parsed(node) {
            found.at(&node.place, format!("the policy `{}` is not one Cedar policy: {reason}", resource.id));
        }
    }
}

/// The actions that a policy names and that do not exist.
fn unknown(policy: &Policy, actions: &Actions) -> Vec<String> {
    let named = match policy.action_constraint() {
        ActionConstraint::Any => Vec::new(),
        ActionConstraint::Eq(action) => vec![action],
        ActionConstraint::In(actions) => actions,
    };
    let id = |action: EntityUid| action.id().unescaped().to_owned();
    let known = |action: &EntityUid| {
        action.type_name().to_string() == "AgentCore::Action" && actions.knows(action.id().unescaped())
    };
    named.into_iter().filter(|action| !known(action)).map(id).collect()
}

/// The line of a block of text that holds some words.
fn line_of(node: &Node, words: &str) -> Place {
    let line = node.text().unwrap_or_default().lines().position(|line| line.contains(words));
    Place { line: node.place.line + line.unwrap_or_default(), file: node.place.file.clone() }
}

fn action(view: &View<'_>, found: &mut Found<'_>) {
    for Statement { resource, node, actions } in statements(view) {
        let Ok(policy) = parsed(node) else { continue };
        for name in unknown(&policy, &actions) {
            let place = line_of(node, &format!("\"{name}\""));
            let message = format!("the policy `{}` names `{name}`, and the gateway has no such tool", resource.id);
            found.at(&place, message);
        }
    }
}

fn validates(view: &View<'_>, found: &mut Found<'_>) {
    for Statement { resource, node, actions } in statements(view) {
        let Ok(policy) = parsed(node) else { continue };
        if !unknown(&policy, &actions).is_empty() {
            continue;
        }
        let schema = match actions.schema() {
            Ok(schema) => schema,
            Err(reason) => {
                found.at(&node.place, format!("no schema could be derived for `{}`: {reason}", resource.id));
                continue;
            }
        };
        let mut policies = PolicySet::new();
        if policies.add(policy).is_err() {
            continue;
        }
        let result = Validator::new(schema).validate(&policies, ValidationMode::default());
        let never = |it: &&ValidationWarning| matches!(it, ValidationWarning::ImpossiblePolicy(_));
        let never = result.validation_warnings().filter(never).map(ToString::to_string);
        let errors: Vec<String> = result.validation_errors().map(ToString::to_string).chain(never).collect();
        for error in errors {
            let error = error.replace("for policy `policy`, ", "");
            let message = format!("the policy `{}` does not validate: {error}", resource.id);
            found.at(&node.place, message);
        }
    }
}
