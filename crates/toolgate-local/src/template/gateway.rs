//! `AWS::BedrockAgentCore::Gateway` with its targets, interceptors and policies.
//!
//! `toolgate dev` serves both worlds from one process, so a gateway is read as if the condition that it stands under held,
//! and so is everything else that stands under the same condition.

use serde_json::Value;

use super::{
    GatewaySpec, InterceptorSpec, PolicyEngineSpec, PolicySpec, TargetSpec, TokenSpec,
    agents::function_id,
    functions,
    scope::{Resource, Scope, is_true, text},
};

const GATEWAY: &str = "AWS::BedrockAgentCore::Gateway";
const TARGET: &str = "AWS::BedrockAgentCore::GatewayTarget";
const ENGINE: &str = "AWS::BedrockAgentCore::PolicyEngine";
const POLICY: &str = "AWS::BedrockAgentCore::Policy";
const AUTHORIZERS: [&str; 4] = ["CUSTOM_JWT", "AWS_IAM", "NONE", "AUTHENTICATE_ONLY"];

/// The template's gateway; of several, the first.
pub(super) fn gateway(scope: &Scope<'_>) -> Option<GatewaySpec> {
    let order = &scope.document.resource_order;
    let id = order.iter().find(|id| scope.document.resource_type(id) == Some(GATEWAY))?;
    let condition = scope.document.resource(id).and_then(|body| body.get("Condition")?.as_str());
    scope.assuming(condition, || {
        let resources = scope.resources(&[GATEWAY]);
        let gateway = resources.iter().find(|resource| resource.id == id.as_str())?;
        Some(read(scope, gateway))
    })
}

fn read(scope: &Scope<'_>, resource: &Resource<'_>) -> GatewaySpec {
    let (properties, at) = resource.properties();
    let get = |key: &str| scope.member(properties, key, &at);
    let protocol = get("ProtocolConfiguration").unwrap_or_default();
    let mcp = |key: &str| protocol.pointer(&format!("/Mcp/{key}"));
    let interceptors = get("InterceptorConfigurations").unwrap_or_default();
    let interceptors = interceptors.as_array().into_iter().flatten().enumerate();
    let at_interceptor = |index: usize| format!("{at}.InterceptorConfigurations[{index}]");
    let id = scope.gateway_id(resource.id);
    let authorizer = get("AuthorizerType").as_ref().and_then(text);
    // a kind that nobody knows must not be served as one that lets everybody in
    if let Some(unknown) = authorizer.as_deref().filter(|kind| !AUTHORIZERS.contains(kind)) {
        let message = format!("`{unknown}` is not an authorizer type; it must be one of {}", AUTHORIZERS.join(", "));
        scope.problem(&format!("{at}.AuthorizerType"), message);
    }
    GatewaySpec {
        logical_id: resource.id.to_owned(),
        arn: scope.gateway_arn(resource.id),
        name: get("Name").as_ref().and_then(text).unwrap_or_else(|| resource.id.to_owned()),
        instructions: mcp("Instructions").and_then(text),
        versions: texts(mcp("SupportedVersions")),
        paged: !mcp("DisableMcpListToolsPagination").is_some_and(is_true),
        debug: get("ExceptionLevel").as_ref().and_then(text).as_deref() == Some("DEBUG"),
        authorizer,
        tokens: tokens(&get("AuthorizerConfiguration").unwrap_or_default()),
        targets: targets(scope, resource.id, &id),
        interceptors: interceptors
            .filter_map(|(index, value)| interceptor(scope, value, &at_interceptor(index)))
            .collect(),
        engine: get("PolicyEngineConfiguration").map(|engine| policy_engine(scope, &engine)),
        id,
    }
}

fn tokens(configuration: &Value) -> TokenSpec {
    let allowed = |what: &str| texts(configuration.pointer(&format!("/CustomJWTAuthorizer/Allowed{what}")));
    TokenSpec { audiences: allowed("Audience"), clients: allowed("Clients"), scopes: allowed("Scopes") }
}

fn targets(scope: &Scope<'_>, gateway: &str, gateway_id: &str) -> Vec<TargetSpec> {
    let resources = scope.resources(&[TARGET]);
    let own = resources.iter().filter(|resource| {
        let (properties, at) = resource.properties();
        let gateway_of = scope.text_member(properties, "GatewayIdentifier", &at);
        gateway_of.is_some_and(|of| of == gateway_id || of == gateway || of == scope.gateway_arn(gateway))
    });
    own.filter_map(|resource| target(scope, resource)).collect()
}

fn target(scope: &Scope<'_>, resource: &Resource<'_>) -> Option<TargetSpec> {
    let (properties, at) = resource.properties();
    let Some(name) = scope.text_member(properties, "Name", &at) else {
        scope.problem(&at, "a target needs a `Name`, which its tools' names begin with");
        return None;
    };
    let configuration = scope.member(properties, "TargetConfiguration", &at).unwrap_or_default();
    // targets of other kinds lead to servers elsewhere
    let lambda = configuration.pointer("/Mcp/Lambda")?;
    let at = format!("{at}.TargetConfiguration.Mcp.Lambda");
    let function = function(scope, lambda.get("LambdaArn"), &format!("{at}.LambdaArn"))?;
    let Some(tools) = lambda.pointer("/ToolSchema/InlinePayload").and_then(Value::as_array) else {
        scope.problem(&format!("{at}.ToolSchema"), "only an `InlinePayload` can be read on a laptop");
        return None;
    };
    let metadata = properties.get("MetadataConfiguration").unwrap_or(&Value::Null);
    let metadata = scope.resolve(metadata, &resource.at).unwrap_or_default();
    Some(TargetSpec {
        name,
        function,
        tools: tools.clone(),
        headers: texts(metadata.get("AllowedRequestHeaders")),
        query: texts(metadata.get("AllowedQueryParameters")),
    })
}

fn interceptor(scope: &Scope<'_>, value: &Value, at: &str) -> Option<InterceptorSpec> {
    let arn = value.pointer("/Interceptor/Lambda/Arn");
    let function = function(scope, arn, &format!("{at}.Interceptor.Lambda.Arn"))?;
    let Some(function) = functions::interceptor(scope, &function) else {
        let message = format!("`{function}` is no cargo-lambda function, so it cannot intercept on a laptop");
        scope.problem(at, message);
        return None;
    };
    let points = texts(value.get("InterceptionPoints"));
    Some(InterceptorSpec {
        function,
        request: points.iter().any(|point| point == "REQUEST"),
        response: points.iter().any(|point| point == "RESPONSE"),
        pass_headers: value.pointer("/InputConfiguration/PassRequestHeaders").is_some_and(is_true),
    })
}

/// The logical id of a function of this template.
fn function(scope: &Scope<'_>, arn: Option<&Value>, at: &str) -> Option<String> {
    let arn = arn.and_then(text).unwrap_or_default();
    let id = function_id(&arn);
    if scope.document.resource_type(&id).is_some_and(|kind| kind.ends_with("::Function")) {
        return Some(id);
    }
    scope.problem(at, format!("`{arn}` is no function of this template"));
    None
}

/// An engine that is not in this template has no policy here, and so permits nothing.
fn policy_engine(scope: &Scope<'_>, configuration: &Value) -> PolicyEngineSpec {
    let arn = configuration.get("Arn").and_then(text).unwrap_or_default();
    let engines = scope.resources(&[ENGINE]);
    let names = |id: &str, attribute: &str| scope.attribute(id, attribute, "").unwrap_or_default();
    let engine =
        engines.iter().find(|engine| [names(engine.id, "PolicyEngineArn"), engine.id.to_owned()].contains(&arn));
    let policies = scope.resources(&[POLICY]);
    let policies = policies.iter().filter_map(|resource| {
        let (properties, at) = resource.properties();
        let of = scope.text_member(properties, "PolicyEngineId", &at)?;
        let engine = engine?;
        if of != engine.id && of != names(engine.id, "PolicyEngineId") {
            return None;
        }
        let definition = properties.pointer("/Definition/Cedar/Statement");
        let Some(statement) = definition.and_then(|cedar| scope.text_of(cedar, &format!("{at}.Definition"))) else {
            scope.problem(&format!("{at}.Definition"), "only a policy in Cedar can be evaluated on a laptop");
            return None;
        };
        let name = scope.text_member(properties, "Name", &at).unwrap_or_else(|| resource.id.to_owned());
        let is = |member: &str, value: &str| scope.text_member(properties, member, &at).as_deref() == Some(value);
        let validated = !is("ValidationMode", "IGNORE_ALL_FINDINGS");
        Some(PolicySpec { name, statement, validated, active: !is("EnforcementMode", "LOG_ONLY") })
    });
    let enforce = configuration.get("Mode").and_then(Value::as_str) != Some("LOG_ONLY");
    PolicyEngineSpec { enforce, policies: policies.collect() }
}

fn texts(value: Option<&Value>) -> Vec<String> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(text).collect()
}
