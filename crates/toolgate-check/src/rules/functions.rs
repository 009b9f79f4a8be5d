//! Functions, their parameters, and how many of them an agent may have.

use super::{Rule, source};
use crate::{
    deployment::{Deployment, operations},
    limits::{GROUPS_OF_AN_AGENT, TOOLS_OF_A_GROUP},
    reporter::{Reporter, quoted},
};

pub(super) const RULES: &[Rule] = &[
    Rule::error("five-parameters", source::QUOTAS, five_parameters)
        .holds("a function has at most 5 parameters")
        .fix("split the tool, or register its group by OpenAPI (`ApiSchema`), which has no such limit"),
    Rule::error("parameter-type", source::AGENT_FUNCTION, parameter_type)
        .holds("a function's parameter is of type string, number, integer, boolean or array")
        .fix("use one of these types"),
    Rule::error("eleven-functions", source::AGENTS_LAMBDA, eleven_functions)
        .holds("an action group has at most 11 functions or operations")
        .fix("move tools to another handler, which is another action group"),
    Rule::error("eleven-apis", source::QUOTAS, eleven_apis)
        .holds("an agent has at most 11 API operations over all its action groups")
        .fix(
            "move action groups to another agent, register some by function details, or request a higher quota from \
              AWS",
        ),
    Rule::error("fifteen-groups", source::QUOTAS, fifteen_groups)
        .holds("an agent has at most 15 enabled action groups, and 20 in all")
        .fix("move action groups to another agent, or disable some"),
    Rule::error("one-schema", source::ACTION_GROUP, one_schema)
        .holds(
            "an action group has either `FunctionSchema` or `ApiSchema`; one with a `ParentActionGroupSignature` \
                has neither, nor an executor or a description",
        )
        .fix("keep one of the two, or only the signature"),
];

/// The quota on API operations of one agent.
const APIS: usize = 11;
/// The quota on all action groups of one agent.
const GROUPS: usize = 20;

fn five_parameters(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for function in deployment.group_functions() {
        let count = function.members("Parameters").len();
        if count > 5 {
            let message =
                format!("the function `{}` has {count} parameters", function.text_of("Name").unwrap_or_default());
            reporter.at(function.nearest_position("Parameters"), message);
        }
    }
}

fn parameter_type(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for parameter in deployment.group_functions().into_iter().flat_map(|function| function.members("Parameters")) {
        let kind = parameter.node.text_of("Type").unwrap_or("of no type");
        if !["string", "number", "integer", "boolean", "array"].contains(&kind) {
            let position = parameter.node.entry("Type").map_or(&parameter.position, |entry| &entry.position);
            reporter.at(position, format!("the parameter `{}` is `{kind}`", parameter.name));
        }
    }
}

fn eleven_functions(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for group in deployment.groups() {
        let count = group.tools(deployment.project).len();
        if count > TOOLS_OF_A_GROUP {
            reporter.at(group.position(), format!("the action group `{}` has {count} functions", group.name()));
        }
    }
}

fn eleven_apis(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for agent in deployment.agents() {
        let own = deployment.groups().into_iter().filter(|group| group.agent.id == agent.id);
        let count: usize =
            own.filter_map(|group| group.api(deployment.project)).map(|api| operations(&api).count()).sum();
        if count > APIS {
            let message = format!("the agent `{}` has {count} API operations over its action groups", agent.id);
            reporter.at(agent.position_of("ActionGroups"), message);
        }
    }
}

fn fifteen_groups(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for agent in deployment.agents() {
        let groups = agent.properties().list("ActionGroups");
        let enabled = groups.iter().filter(|group| group.text_of("ActionGroupState") != Some("DISABLED")).count();
        if enabled > GROUPS_OF_AN_AGENT || groups.len() > GROUPS {
            let (id, all) = (&agent.id, groups.len());
            let message = format!("the agent `{id}` has {all} action groups, {enabled} of them enabled");
            reporter.at(agent.position_of("ActionGroups"), message);
        }
    }
}

fn one_schema(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for group in deployment.groups() {
        let has = |name: &&str| group.node.get(name).is_some();
        let schemas: Vec<&str> = ["ApiSchema", "FunctionSchema"].into_iter().filter(has).collect();
        let name = group.name();
        match group.node.text_of("ParentActionGroupSignature") {
            Some(signature) => {
                let extra =
                    ["ActionGroupExecutor", "Description"].into_iter().filter(has).chain(schemas.iter().copied());
                let extra: Vec<&str> = extra.collect();
                if !extra.is_empty() {
                    let extra = quoted(extra);
                    reporter.at(
                        group.position(),
                        format!("the action group `{name}` is `{signature}` and also has {extra}"),
                    );
                }
            }
            None if schemas.len() != 1 => {
                let count = if schemas.is_empty() { "no schema" } else { "two schemas" };
                reporter.at(group.position(), format!("the action group `{name}` has {count}"));
            }
            None => {}
        }
    }
}
