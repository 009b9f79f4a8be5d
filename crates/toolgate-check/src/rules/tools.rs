//! Compares the deployed tools of the template with the tools in code.

use toolgate::Catalog;
use toolgate_template::{Node, Position, Tree};

use super::{Rule, source};
use crate::{
    deployment::{Deployment, FunctionRef},
    reporter::Reporter,
};

pub(super) const RULES: &[Rule] = &[
    Rule::error("tool-not-deployed", source::AGENTS_ACTION_ADD, not_deployed)
        .holds("every tool of a handler is in an action group or a gateway target of its function, on each platform")
        .fix("run `toolgate schemas`, and include the handler's schema in an action group and in a gateway target"),
    Rule::error("tool-not-in-code", source::AGENTS_ACTION_ADD, not_in_code)
        .holds("every tool in the template exists in the function that serves it")
        .fix("run `toolgate schemas`, or point the action group at the function that has the tool"),
    Rule::error("confirmation-missing", source::AGENTS_CONFIRM, confirmation_missing)
        .holds("a tool with `.confirm(..)` requires confirmation where it is registered with Bedrock Agents")
        .fix("run `toolgate schemas`: it writes `RequireConfirmation` and `x-requireConfirmation`"),
    Rule::warning("confirm-once", source::AGENTS_CONFIRM, confirm_once)
        .holds(
            "a tool that a person confirms is `.once(..)`: agents repeat calls, and one confirmation would count \
                for each of them",
        )
        .fix("add `.once(..)` with a key that two equal calls share; ignore this if a repeat changes nothing"),
    Rule::error("local-path", source::INCLUDE, local_path)
        .holds("a schema is in the template or on S3: a local path would be deployed as a literal text")
        .fix(
            "use `Fn::Transform: {Name: AWS::Include, Parameters: {Location: schemas/GROUP/FILE.json}}`, which `sam \
              package` uploads",
        ),
    Rule::error("include-missing", source::INCLUDE, include_missing)
        .holds("every file that the template includes exists")
        .fix("run `toolgate schemas`, or correct the path"),
];

fn not_deployed(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    let (groups, targets) = (deployment.groups(), deployment.targets());
    for function in deployment.functions() {
        let Some((catalog, position)) = deployment.handler(&function.id) else { continue };
        let own = |id: Option<FunctionRef>| id.is_some_and(|used| used.id == function.id);
        let in_groups: Vec<String> = groups
            .iter()
            .filter(|group| own(group.function(deployment)))
            .flat_map(|group| group.tools(deployment.project))
            .map(|tool| tool.name)
            .collect();
        let in_targets: Vec<&str> = targets
            .iter()
            .filter(|target| own(target.function(deployment)))
            .flat_map(|target| target.tools())
            .filter_map(|tool| tool.text_of("Name"))
            .collect();
        for tool in &catalog.tools {
            let name = tool.name.as_str();
            let mut missing = Vec::new();
            if !groups.is_empty() && !in_groups.iter().any(|other| other == name) {
                missing.push("no action group");
            }
            if !targets.is_empty() && !in_targets.contains(&name) {
                missing.push("no gateway target");
            }
            if groups.is_empty() && targets.is_empty() {
                missing.extend(["no action group", "no gateway target"]);
            }
            if !missing.is_empty() {
                let message = format!("the tool `{name}` of `{}` is in {}", catalog.group, missing.join(" and "));
                reporter.at(&position, message);
            }
        }
    }
}

fn not_in_code(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    let mut check = |catalog: &Catalog, name: &str, position: &Position| {
        if catalog.tools.iter().all(|tool| tool.name != name) {
            reporter.at(position, format!("the handler `{}` has no tool `{name}`", catalog.group));
        }
    };
    for group in deployment.groups() {
        let Some(catalog) = deployment.catalog(group.function(deployment)) else { continue };
        group.tools(deployment.project).iter().for_each(|tool| check(catalog, &tool.name, &tool.position));
    }
    for target in deployment.targets() {
        let Some(catalog) = deployment.catalog(target.function(deployment)) else { continue };
        target.names().for_each(|(name, position)| check(catalog, name, position));
    }
}

fn confirmation_missing(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for group in deployment.groups() {
        let Some(catalog) = deployment.catalog(group.function(deployment)) else { continue };
        let confirms = |name: &str| catalog.tools.iter().any(|tool| tool.name == name && tool.confirm);
        for tool in group.tools(deployment.project).iter().filter(|tool| !tool.confirm && confirms(&tool.name)) {
            let message = format!("the tool `{}` requires confirmation, but Bedrock would not request it", tool.name);
            reporter.at(&tool.position, message);
        }
    }
}

fn confirm_once(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for function in deployment.functions() {
        let Some((catalog, position)) = deployment.handler(&function.id) else { continue };
        for tool in catalog.tools.iter().filter(|tool| tool.confirm && !tool.once) {
            let message = format!("the tool `{}` is confirmed by a person, but may run twice", tool.name);
            reporter.at(&position, message);
        }
    }
}

fn local_path(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    let known = |text: &str| !text.contains("${") && !text.is_empty();
    for group in deployment.groups() {
        if let Some(payload) = group.node.at(&["ApiSchema", "Payload"]) {
            let text = payload.text().unwrap_or_default();
            if known(text) && group.api(deployment.project).is_none() {
                reporter
                    .at(&payload.position, format!("the `Payload` is not an OpenAPI document but `{}`", start(text)));
            }
        }
        if let Some(Node { position, tree: Tree::Scalar { text, .. } }) = group.node.get("FunctionSchema") {
            reporter.at(position, format!("the `FunctionSchema` is not a list of functions but `{}`", start(text)));
        }
    }
    for target in deployment.targets() {
        let schema = target.lambda.get("ToolSchema");
        let inline = schema.and_then(|schema| schema.get("InlinePayload"));
        if let Some(Node { position, tree: Tree::Scalar { text, .. } }) = inline {
            reporter.at(position, format!("the `InlinePayload` is not a list of tools but `{}`", start(text)));
        }
        if let Some(uri) = schema.and_then(|schema| schema.at(&["S3", "Uri"])) {
            let text = uri.text().unwrap_or_default();
            if known(text) && !text.starts_with("s3://") {
                reporter.at(&uri.position, format!("the `Uri` is not on S3 but `{}`", start(text)));
            }
        }
    }
}

fn start(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.chars().take(60).collect()
}

fn include_missing(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for (position, reason) in &deployment.broken {
        reporter.at(position, reason.as_str());
    }
}
