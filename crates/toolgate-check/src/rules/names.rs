//! Names and lengths that the service accepts.

use std::sync::LazyLock;

use regex::Regex;
use toolgate_template::{Node, Position};

use super::{Rule, source};
use crate::{
    deployment::{Deployment, operations},
    limits::MODEL_TOOL_NAME,
    reporter::Reporter,
};

pub(super) const RULES: &[Rule] = &[
    Rule::error("name-pattern", source::ACTION_GROUP, name_pattern)
        .holds(
            "the names of agents, aliases, action groups, functions, parameters and collaborators match \
                `([0-9a-zA-Z][_-]?){1,100}`",
        )
        .fix("use letters and digits, with single `_` or `-` between them"),
    Rule::error("double-underscore", source::AGENTS_ACTION_ADD, double_underscore)
        .holds("no name of a tool or an action group has `__` in it, which separates parts of the model's tool name")
        .fix("use a single `_`"),
    Rule::error("model-tool-name", source::AGENTS_ACTION_ADD, model_tool_name)
        .holds(
            "the name that the model sees (`verb__group__operation`, `group__function`, `target___tool`) has at most \
                64 of `a-zA-Z0-9_-`",
        )
        .fix("shorten the tool's name or its group's"),
    Rule::error("description-length", source::ACTION_GROUP, description_length)
        .holds(
            "a description has 1 to 200 characters (agent, alias, action group), 1,200 (function), 500 (parameter); \
                instructions for a collaborator have up to 4,000",
        )
        .fix("shorten the description or omit it; a tool's description is its doc comment"),
    Rule::error("instruction-length", source::QUOTAS, instruction_length)
        .holds("an agent's instruction has 40 to 20,000 characters")
        .fix("write an instruction within these limits"),
];

static NAME: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("^([0-9a-zA-Z][_-]?){1,100}$").ok());
static MODEL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(&format!("^[a-zA-Z0-9_-]{{1,{MODEL_TOOL_NAME}}}$")).ok());

fn matches(regex: &LazyLock<Option<Regex>>, text: &str) -> bool {
    regex.as_ref().is_none_or(|regex| regex.is_match(text))
}

/// The text, with one character for each part that only a deployment has.
pub(super) fn shortest(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        out.push_str(before);
        out.push('x');
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    out + rest
}

fn name_pattern(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    let mut check = |what: &str, node: Option<&Node>| {
        let Some((node, text)) = node.and_then(|node| Some((node, node.text()?))) else { return };
        if !matches(&NAME, &shortest(text)) {
            reporter.at(&node.position, format!("Bedrock accepts no {what} with the name `{text}`"));
        }
    };
    for agent in deployment.agents() {
        check("agent", agent.properties().get("AgentName"));
        let collaborators = agent.properties().list("AgentCollaborators").iter();
        collaborators.for_each(|it| check("collaborator", it.get("CollaboratorName")));
    }
    deployment.of_type("AWS::Bedrock::AgentAlias").for_each(|it| check("alias", it.properties().get("AgentAliasName")));
    deployment.groups().iter().for_each(|group| check("action group", group.node.get("ActionGroupName")));
    for function in deployment.group_functions() {
        check("function", function.get("Name"));
        for parameter in function.members("Parameters") {
            check("parameter", Some(&Node::scalar(parameter.position.clone(), parameter.name.as_str())));
        }
    }
}

fn double_underscore(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    let mut check = |what: &str, text: Option<&str>, position: &Position| {
        if let Some(text) = text.filter(|text| text.contains("__")) {
            reporter.at(position, format!("the {what} `{text}` has `__` in its name"));
        }
    };
    for group in deployment.groups() {
        check("action group", Some(group.name()), group.position());
    }
    for function in deployment.group_functions() {
        let position = function.get("Name").map_or(&function.position, |name| &name.position);
        check("function", function.text_of("Name"), position);
    }
    for api in deployment.api_documents() {
        for operation in operations(&api) {
            let id = operation.node.get("operationId");
            check("operation", id.and_then(Node::text), id.map_or(operation.position, |id| &id.position));
        }
    }
    for tool in deployment.gateway_tools() {
        let position = tool.get("Name").map_or(&tool.position, |name| &name.position);
        check("tool", tool.text_of("Name"), position);
    }
}

fn model_tool_name(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    let mut check = |name: String, position: &Position| {
        if !matches(&MODEL, &shortest(&name)) {
            let length = name.chars().count();
            reporter.at(position, format!("the model would see this tool as `{name}` ({length} characters)"));
        }
    };
    for group in deployment.groups() {
        for tool in group.tools(deployment.project) {
            let verb = tool.verb.map(|verb| format!("{verb}__")).unwrap_or_default();
            check(format!("{verb}{}__{}", group.name(), tool.name), &tool.position);
        }
    }
    for target in deployment.targets() {
        target.names().for_each(|(name, position)| check(format!("{}___{name}", target.name()), position));
    }
}

fn description_length(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    let mut check = |what: String, node: &Node, name: &str, most: usize| {
        let Some(text) = node.text_of(name) else { return };
        let length = shortest(text).chars().count();
        if length > most || length == 0 {
            let message = format!("the description of {what} has {length} characters, and not 1 to {most}");
            reporter.at(node.nearest_position(name), message);
        }
    };
    for agent in deployment.agents() {
        check(format!("the agent `{}`", agent.id), agent.properties(), "Description", 200);
        for collaborator in agent.properties().list("AgentCollaborators") {
            let name = collaborator.text_of("CollaboratorName").unwrap_or_default();
            check(format!("the collaborator `{name}`"), collaborator, "CollaborationInstruction", 4_000);
        }
    }
    for alias in deployment.of_type("AWS::Bedrock::AgentAlias") {
        check(format!("the alias `{}`", alias.id), alias.properties(), "Description", 200);
    }
    for group in deployment.groups() {
        check(format!("the action group `{}`", group.name()), group.node, "Description", 200);
    }
    for function in deployment.group_functions() {
        let name = function.text_of("Name").unwrap_or_default();
        check(format!("the function `{name}`"), function, "Description", 1_200);
        for parameter in function.members("Parameters") {
            check(format!("the parameter `{}` of `{name}`", parameter.name), &parameter.node, "Description", 500);
        }
    }
}

fn instruction_length(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for agent in deployment.agents() {
        let length = agent.properties().text_of("Instruction").map_or(0, |text| text.chars().count());
        if !(40..=20_000).contains(&length) {
            let message = format!("the instruction of the agent `{}` has {length} characters", agent.id);
            reporter.at(agent.position_of("Instruction"), message);
        }
    }
}
