//! Lambda functions, with SAM's `Globals.Function` merged in.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    arn::function_id,
    evaluate::Evaluator,
    node::Node,
    position::Position,
    resources::{Resource, resources},
    types::FunctionSpec,
    url::url,
};

/// Lambda's and SAM's defaults.
const DEFAULT_TIMEOUT_SECONDS: u64 = 3;
const DEFAULT_MEMORY_MB: u32 = 128;

/// The types of resources that are functions.
pub(crate) const FUNCTIONS: [&str; 2] = ["AWS::Serverless::Function", "AWS::Lambda::Function"];

/// The functions with tools.
pub(crate) fn functions(evaluator: &Evaluator<'_>) -> Vec<FunctionSpec> {
    let with_tools = resources(evaluator, &FUNCTIONS).into_iter().filter(|function| has_tools(function.body));
    with_tools.filter_map(|resource| function(evaluator, &resource)).collect()
}

/// The functions without tools that have a URL, such as the front door of a web application.
pub(crate) fn fronts(evaluator: &Evaluator<'_>) -> Vec<FunctionSpec> {
    let without_tools = resources(evaluator, &FUNCTIONS).into_iter().filter(|function| !has_tools(function.body));
    without_tools.filter_map(|resource| function(evaluator, &resource)).filter(|spec| spec.url.is_some()).collect()
}

/// The functions with tools that name no binary.
pub(crate) fn others(evaluator: &Evaluator<'_>) -> Vec<String> {
    let others = resources(evaluator, &FUNCTIONS).into_iter().filter(|function| {
        function.body.at(&["Metadata", "BuildProperties", "Binary"]).is_none() && has_tools(function.body)
    });
    others.map(|function| function.id.to_owned()).collect()
}

/// A gateway's interceptor or a harness's hook: an ordinary function, but without tools.
pub(crate) fn without_tools(evaluator: &Evaluator<'_>, id: &str) -> Option<FunctionSpec> {
    let functions = resources(evaluator, &FUNCTIONS);
    functions.iter().find(|resource| resource.id == id).and_then(|resource| function(evaluator, resource))
}

/// The logical id of the function of this template that an ARN refers to. Anything else is a problem at `position`.
pub(crate) fn own_function(evaluator: &Evaluator<'_>, arn: Option<&Node>, position: &Position) -> Option<String> {
    let arn = arn.and_then(Node::string).unwrap_or_default();
    let id = function_id(arn);
    if evaluator.source.resource_type(&id).is_some_and(|kind| kind.ends_with("::Function")) {
        return Some(id);
    }
    evaluator.problem(position, format!("`{arn}` is not a function of this template"));
    None
}

/// `Metadata: Toolgate: Tools: false` marks a function without tools, such as a gateway's interceptor.
pub fn has_tools(function: &Node) -> bool {
    let tools = function.at(&["Metadata", "Toolgate", "Tools"]).and_then(Node::text);
    tools.is_none_or(|tools| !tools.eq_ignore_ascii_case("false"))
}

fn function(evaluator: &Evaluator<'_>, resource: &Resource<'_>) -> Option<FunctionSpec> {
    let metadata = resource.body.get("Metadata");
    let build = metadata.and_then(|metadata| metadata.get("BuildProperties"));
    let Some(binary) = build.and_then(|build| evaluator.text_member(build, "Binary")) else {
        // The local agent cannot run a function in another language. For cargo-lambda a missing binary is an error.
        if metadata.and_then(|metadata| metadata.text_of("BuildMethod")) == Some("rust-cargolambda") {
            let missing = || resource.position().member("Metadata").member("BuildProperties");
            let position = build.map_or_else(missing, |build| build.position.clone());
            evaluator.problem(&position, "name the handler's binary as `Binary`");
        }
        return None;
    };
    let mut layers: Vec<&Node> = vec![resource.properties.as_ref()];
    if resource.body.text_of("Type") == Some("AWS::Serverless::Function") {
        layers.extend(evaluator.source.at(&["Globals", "Function"]));
    }
    let number = |name: &str| {
        let layer = layers.iter().find(|layer| layer.get(name).is_some())?;
        let text = evaluator.text_member(layer, name)?;
        text.parse::<u32>().ok().or_else(|| {
            evaluator.problem(&layer.position_of(name), format!("`{text}` is not a whole number"));
            None
        })
    };
    let timeout = Duration::from_secs(number("Timeout").map_or(DEFAULT_TIMEOUT_SECONDS, u64::from));
    let memory_mb = number("MemorySize").unwrap_or(DEFAULT_MEMORY_MB);
    let mut environment = BTreeMap::new();
    for layer in layers.iter().rev() {
        environment.extend(variables(evaluator, layer.at(&["Environment", "Variables"])));
    }
    let url = url(evaluator, resource.id, &layers);
    Some(FunctionSpec { logical_id: resource.id.to_owned(), binary, environment, timeout, memory_mb, url })
}

/// Environment variables; each must be text.
pub(crate) fn variables(evaluator: &Evaluator<'_>, written: Option<&Node>) -> BTreeMap<String, String> {
    let resolved = written.and_then(|written| evaluator.resolve(written));
    let variables = resolved.iter().flat_map(Node::entries).filter_map(|entry| {
        let text = entry.node.string().map(str::to_owned);
        if text.is_none() {
            evaluator.problem(&entry.node.position, "an environment variable is text");
        }
        Some((entry.name.clone(), text?))
    });
    variables.collect()
}
