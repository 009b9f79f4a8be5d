//! `AWS::BedrockAgentCore::Gateway` with its targets and interceptors.
//!
//! `toolgate dev` serves agents and gateway from one process. The condition of a gateway is therefore treated as true,
//! which also applies to every other use of the same condition.

use crate::{
    evaluate::Evaluator,
    functions::{self, own_function},
    identifiers::{gateway_arn, gateway_id},
    node::Node,
    policies::policy_engine,
    resources::{Resource, resources},
    types::{GatewaySpec, InterceptorSpec, TargetSpec, TokenSpec},
};

pub(crate) const GATEWAY: &str = "AWS::BedrockAgentCore::Gateway";
const TARGET: &str = "AWS::BedrockAgentCore::GatewayTarget";
const AUTHORIZERS: [&str; 4] = ["CUSTOM_JWT", "AWS_IAM", "NONE", "AUTHENTICATE_ONLY"];

/// The template's gateway. If there are several, the first one.
pub(crate) fn gateway(evaluator: &Evaluator<'_>) -> Option<GatewaySpec> {
    let entry = evaluator.source.resources().iter().find(|entry| entry.node.text_of("Type") == Some(GATEWAY))?;
    evaluator.assuming(entry.node.text_of("Condition"), || {
        let gateways = resources(evaluator, &[GATEWAY]);
        let gateway = gateways.iter().find(|resource| resource.id == entry.name)?;
        Some(read(evaluator, gateway))
    })
}

fn read(evaluator: &Evaluator<'_>, resource: &Resource<'_>) -> GatewaySpec {
    let properties = resource.properties.as_ref();
    let get = |name: &str| evaluator.member(properties, name);
    let text = |name: &str| get(name).and_then(|node| node.string().map(str::to_owned));
    let protocol = get("ProtocolConfiguration");
    let mcp = |name: &str| protocol.as_ref().and_then(|protocol| protocol.at(&["Mcp", name]));
    let interceptors = get("InterceptorConfigurations");
    let interceptors = interceptors.as_ref().map_or(&[] as &[_], Node::items);
    let authorizer = text("AuthorizerType");
    // A gateway with an unknown type must not be served as one without authorization.
    if let Some(unknown) = authorizer.as_deref().filter(|kind| !AUTHORIZERS.contains(kind)) {
        let message = format!("`{unknown}` is not an authorizer type; it must be one of {}", AUTHORIZERS.join(", "));
        evaluator.problem(&properties.position_of("AuthorizerType"), message);
    }
    let id = gateway_id(evaluator, resource.id);
    GatewaySpec {
        logical_id: resource.id.to_owned(),
        arn: gateway_arn(evaluator, resource.id),
        name: text("Name").unwrap_or_else(|| resource.id.to_owned()),
        instructions: mcp("Instructions").and_then(Node::string).map(str::to_owned),
        versions: texts(mcp("SupportedVersions")),
        paged: !mcp("DisableMcpListToolsPagination").is_some_and(Node::is_true),
        debug: text("ExceptionLevel").as_deref() == Some("DEBUG"),
        authorizer,
        tokens: get("AuthorizerConfiguration").as_ref().map(tokens).unwrap_or_default(),
        targets: targets(evaluator, resource.id, &id),
        interceptors: interceptors.iter().filter_map(|node| interceptor(evaluator, node)).collect(),
        engine: get("PolicyEngineConfiguration").map(|engine| policy_engine(evaluator, &engine)),
        id,
    }
}

fn tokens(configuration: &Node) -> TokenSpec {
    let allowed = |name: &str| texts(configuration.at(&["CustomJWTAuthorizer", name]));
    TokenSpec {
        audiences: allowed("AllowedAudience"),
        clients: allowed("AllowedClients"),
        scopes: allowed("AllowedScopes"),
    }
}

fn targets(evaluator: &Evaluator<'_>, gateway: &str, gateway_id: &str) -> Vec<TargetSpec> {
    let arn = gateway_arn(evaluator, gateway);
    let own = resources(evaluator, &[TARGET]).into_iter().filter(|resource| {
        let of = evaluator.text_member(&resource.properties, "GatewayIdentifier");
        of.is_some_and(|of| of == gateway_id || of == gateway || of == arn)
    });
    own.filter_map(|resource| target(evaluator, &resource)).collect()
}

fn target(evaluator: &Evaluator<'_>, resource: &Resource<'_>) -> Option<TargetSpec> {
    let properties = resource.properties.as_ref();
    let Some(name) = evaluator.text_member(properties, "Name") else {
        evaluator.problem(&properties.position, "a target needs a `Name`, which its tools' names begin with");
        return None;
    };
    let configuration = evaluator.member(properties, "TargetConfiguration")?;
    // Targets of other types are servers elsewhere.
    let lambda = configuration.at(&["Mcp", "Lambda"])?;
    let function = own_function(evaluator, lambda.get("LambdaArn"), &lambda.position_of("LambdaArn"))?;
    let Some(tools) = lambda.at(&["ToolSchema", "InlinePayload"]).filter(|tools| tools.is_list()) else {
        evaluator.problem(&lambda.position_of("ToolSchema"), "only an `InlinePayload` can be read on a laptop");
        return None;
    };
    let metadata = evaluator.member(properties, "MetadataConfiguration");
    let allowed = |name: &str| texts(metadata.as_ref().and_then(|metadata| metadata.get(name)));
    Some(TargetSpec {
        name,
        function,
        tools: tools.items().iter().map(Node::to_json).collect(),
        headers: allowed("AllowedRequestHeaders"),
        query: allowed("AllowedQueryParameters"),
    })
}

fn interceptor(evaluator: &Evaluator<'_>, node: &Node) -> Option<InterceptorSpec> {
    let arn = node.at(&["Interceptor", "Lambda", "Arn"]);
    let position = arn.map_or(&node.position, |arn| &arn.position);
    let function = own_function(evaluator, arn, position)?;
    let Some(function) = functions::without_tools(evaluator, &function) else {
        let message = format!("`{function}` is not a cargo-lambda function, so it cannot intercept on a laptop");
        evaluator.problem(&node.position, message);
        return None;
    };
    let points = texts(node.get("InterceptionPoints"));
    let sees = |point: &str| points.iter().any(|other| other == point);
    Some(InterceptorSpec {
        function,
        request: sees("REQUEST"),
        response: sees("RESPONSE"),
        pass_headers: node.at(&["InputConfiguration", "PassRequestHeaders"]).is_some_and(Node::is_true),
    })
}

fn texts(list: Option<&Node>) -> Vec<String> {
    list.map_or(&[] as &[_], Node::items).iter().filter_map(Node::string).map(str::to_owned).collect()
}
