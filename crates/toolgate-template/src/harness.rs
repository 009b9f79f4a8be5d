//! `AWS::BedrockAgentCore::Harness` with its tools and endpoints.

use std::time::Duration;

use crate::{
    arn::guardrail_id,
    evaluate::Evaluator,
    hooks::hooks,
    identifiers::{harness_arn, harness_id},
    node::{Entry, Node},
    outbound::outbound_auth,
    prompt::Inference,
    resources::{Resource, resources},
    types::{HarnessSpec, HarnessToolKind, HarnessToolSpec},
};

pub(crate) const HARNESS: &str = "AWS::BedrockAgentCore::Harness";
const ENDPOINT: &str = "AWS::BedrockAgentCore::HarnessEndpoint";
/// The service's defaults.
const MAX_ITERATIONS: u32 = 75;
const TIMEOUT_SECONDS: u32 = 3600;
/// The properties that are read. The effect of any other does not exist on a laptop.
const READ: [&str; 11] = [
    "HarnessName",
    "ExecutionRoleArn",
    "Model",
    "SystemPrompt",
    "Tools",
    "AllowedTools",
    "Hooks",
    "MaxIterations",
    "MaxTokens",
    "TimeoutSeconds",
    // These have no effect on AWS either.
    "Tags",
];
/// The settings of a model that are read.
const MODEL_READ: [&str; 5] = ["ModelId", "MaxTokens", "Temperature", "TopP", "AdditionalParams"];
/// The model's own parameters with the guardrail. They have the names of Converse.
const GUARDRAIL: &str = "guardrailConfig";

/// The template's harnesses.
pub(crate) fn harnesses(evaluator: &Evaluator<'_>) -> Vec<HarnessSpec> {
    let endpoints: Vec<(String, String)> = resources(evaluator, &[ENDPOINT])
        .iter()
        .filter_map(|endpoint| {
            let text = |name: &str| evaluator.text_member(&endpoint.properties, name);
            Some((text("HarnessId")?, text("EndpointName")?))
        })
        .collect();
    let all = resources(evaluator, &[HARNESS]);
    all.iter()
        .map(|resource| {
            let mut harness = harness(evaluator, resource);
            let own = endpoints.iter().filter(|(of, _)| [&harness.id, &harness.harness_id, &harness.arn].contains(&of));
            harness.endpoints = own.map(|(_, name)| name.clone()).collect();
            harness
        })
        .collect()
}

fn harness(evaluator: &Evaluator<'_>, resource: &Resource<'_>) -> HarnessSpec {
    let properties = resource.properties.as_ref();
    let get = |name: &str| evaluator.member(properties, name);
    let needed = |name: &str| {
        let value = evaluator.text_member(properties, name);
        if value.is_none() {
            evaluator.problem(&properties.position, format!("a harness needs `{name}`"));
        }
        value.unwrap_or_default()
    };
    let model = get("Model").unwrap_or_else(|| Node::empty_map(properties.position_of("Model")));
    let bedrock = model.get("BedrockModelConfig");
    if bedrock.is_none() {
        let message = "a harness needs `Model: BedrockModelConfig`; other providers cannot be read on a laptop";
        evaluator.problem(&model.position, message);
    }
    let model_id = bedrock.and_then(|bedrock| bedrock.get("ModelId")?.string()).unwrap_or_default();
    let role = needed("ExecutionRoleArn");
    let prompt = get("SystemPrompt");
    let texts = prompt.as_ref().map_or(&[] as &[_], Node::items).iter();
    let tools = get("Tools");
    let tools = tools.as_ref().map_or(&[] as &[_], Node::items).iter();
    let allowed = get("AllowedTools");
    HarnessSpec {
        id: resource.id.to_owned(),
        harness_id: harness_id(resource.id),
        arn: harness_arn(resource.id),
        name: needed("HarnessName"),
        role: role.rsplit([':', '/']).next().unwrap_or_default().to_owned(),
        model: model_id.to_owned(),
        inference: bedrock.map(|bedrock| inference(evaluator, bedrock)).unwrap_or_default(),
        guardrail: bedrock.and_then(|bedrock| guardrail(evaluator, bedrock)),
        system: texts.filter_map(|block| block.get("Text")?.string().map(str::to_owned)).collect(),
        tools: tools.filter_map(|node| tool(evaluator, node)).collect(),
        allowed_tools: allowed.map(|list| list.items().iter().filter_map(Node::string).map(str::to_owned).collect()),
        max_iterations: whole(evaluator, properties, "MaxIterations").unwrap_or(MAX_ITERATIONS),
        max_tokens: whole(evaluator, properties, "MaxTokens"),
        timeout: Duration::from_secs(whole(evaluator, properties, "TimeoutSeconds").unwrap_or(TIMEOUT_SECONDS).into()),
        endpoints: Vec::new(),
        hooks: get("Hooks").map(|list| hooks(evaluator, &list)).unwrap_or_default(),
        not_run: not_run(evaluator, properties, bedrock),
    }
}

/// The properties without an effect here, as paths.
fn not_run(evaluator: &Evaluator<'_>, properties: &Node, bedrock: Option<&Node>) -> Vec<String> {
    let is_set = |entry: &&Entry| evaluator.member(properties, &entry.name).is_some();
    let others = properties.entries().iter().filter(|entry| !READ.contains(&entry.name.as_str()));
    let mut paths: Vec<String> = others.filter(is_set).map(|entry| entry.name.clone()).collect();
    let settings = bedrock.map_or(&[] as &[_], Node::entries).iter();
    // The default, which is what happens here.
    let is_default = |entry: &Entry| entry.name == "ApiFormat" && entry.node.string() == Some("converse_stream");
    let settings = settings.filter(|entry| !MODEL_READ.contains(&entry.name.as_str()) && !is_default(entry));
    paths.extend(settings.map(|entry| format!("Model.BedrockModelConfig.{}", entry.name)));
    let more = bedrock.and_then(|bedrock| bedrock.get("AdditionalParams")).map_or(&[] as &[_], Node::entries).iter();
    let more = more.filter(|entry| entry.name != GUARDRAIL);
    paths.extend(more.map(|entry| format!("Model.BedrockModelConfig.AdditionalParams.{}", entry.name)));
    paths
}

/// The guardrail of the model's calls.
fn guardrail(evaluator: &Evaluator<'_>, bedrock: &Node) -> Option<String> {
    let configuration = bedrock.at(&["AdditionalParams", GUARDRAIL])?;
    let text = |name: &str| {
        let text = configuration.get(name).and_then(Node::string).map(str::to_owned);
        if text.is_none() {
            evaluator.problem(&configuration.position_of(name), format!("a guardrail configuration needs `{name}`"));
        }
        text
    };
    let id = text("guardrailIdentifier");
    // Nothing here has versions, but Converse refuses a guardrail without one.
    text("guardrailVersion");
    let format = bedrock.get("ApiFormat");
    if let Some(format) = format.filter(|format| format.string().is_some_and(|format| format != "converse_stream")) {
        evaluator.problem(&format.position, "a guardrail needs `ApiFormat: converse_stream`, the default");
    }
    id.map(|id| guardrail_id(&id).to_owned())
}

/// A whole number of at least 1.
fn whole(evaluator: &Evaluator<'_>, object: &Node, name: &str) -> Option<u32> {
    let text = evaluator.text_member(object, name)?;
    let number = text.parse::<u32>().ok().filter(|number| *number > 0);
    if number.is_none() {
        evaluator.problem(&object.position_of(name), "this must be a whole number of at least 1");
    }
    number
}

fn inference(evaluator: &Evaluator<'_>, bedrock: &Node) -> Inference {
    let number = |name: &str, most: f64| {
        let written = bedrock.get(name)?;
        let number = written.string().and_then(|text| text.parse::<f64>().ok());
        let number = number.filter(|number| (0.0..=most).contains(number));
        if number.is_none() {
            evaluator.problem(&written.position, format!("this must be a number from 0 to {most}"));
        }
        number
    };
    Inference {
        temperature: number("Temperature", 2.0),
        top_p: number("TopP", 1.0),
        max_tokens: whole(evaluator, bedrock, "MaxTokens"),
        ..Inference::default()
    }
}

fn tool(evaluator: &Evaluator<'_>, node: &Node) -> Option<HarnessToolSpec> {
    let Some(kind) = node.get("Type").and_then(Node::string) else {
        evaluator.problem(&node.position, "a tool of a harness needs a `Type`");
        return None;
    };
    let name = node.get("Name").and_then(Node::string).unwrap_or(kind).to_owned();
    let text = |path: &[&str]| node.at(path).and_then(Node::string).map(str::to_owned);
    let lacks = |member: &str| {
        evaluator.problem(&node.position, format!("a tool of the type `{kind}` needs `{member}` in its `Config`"));
    };
    let kind = match kind {
        "agentcore_gateway" => {
            let Some(arn) = text(&["Config", "AgentCoreGateway", "GatewayArn"]) else {
                lacks("AgentCoreGateway: GatewayArn");
                return None;
            };
            let auth = outbound_auth(evaluator, node.at(&["Config", "AgentCoreGateway", "OutboundAuth"]));
            HarnessToolKind::Gateway { arn, auth }
        }
        "remote_mcp" => {
            let Some(url) = text(&["Config", "RemoteMcp", "Url"]) else {
                lacks("RemoteMcp: Url");
                return None;
            };
            let headers = node.at(&["Config", "RemoteMcp", "Headers"]).map_or(&[] as &[_], Node::entries).iter();
            let header = |name: &str, value: &Node| Some((name.to_owned(), value.string()?.to_owned()));
            HarnessToolKind::RemoteMcp {
                url,
                headers: headers.filter_map(|entry| header(&entry.name, &entry.node)).collect(),
            }
        }
        "inline_function" => {
            let Some(description) = text(&["Config", "InlineFunction", "Description"]) else {
                lacks("InlineFunction: Description");
                return None;
            };
            let schema = node.at(&["Config", "InlineFunction", "InputSchema"]).map(Node::to_json);
            HarnessToolKind::Inline { description, input_schema: schema.unwrap_or_default() }
        }
        other => HarnessToolKind::Other(other.to_owned()),
    };
    Some(HarnessToolSpec { name, kind })
}
