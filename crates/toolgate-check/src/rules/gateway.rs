//! AgentCore Gateway: names, tool schemas, and identity.

use std::sync::LazyLock;

use regex::Regex;
use toolgate_template::Node;

use super::{Rule, names, source};
use crate::{
    deployment::{Deployment, Target},
    reporter::Reporter,
};

pub(super) const RULES: &[Rule] = &[
    Rule::error("gateway-name", source::GATEWAY, gateway_name)
        .holds("a gateway's name matches `([0-9a-zA-Z]-?){1,48}`")
        .fix("use letters and digits, with single `-` between them"),
    Rule::error("target-name", source::GATEWAY_TARGET, target_name)
        .holds(
            "a target's name matches `([0-9a-zA-Z]-?){1,100}`: with a `_` in it, `target___tool` could be split \
                wrongly",
        )
        .fix("use `-` in place of `_`"),
    Rule::error("gateway-schema", source::GATEWAY_LAMBDA, gateway_schema)
        .holds(
            "a tool has `Name`, `Description`, `InputSchema` and `OutputSchema`; a schema has `Type`, \
                `Description`, `Properties`, `Required` and `Items`, and nothing else",
        )
        .fix("run `toolgate schemas`: it moves what the schema cannot express into descriptions"),
    Rule::error("gateway-credentials", source::GATEWAY_LAMBDA, credentials)
        .holds("a Lambda target calls with `GATEWAY_IAM_ROLE`")
        .fix("add `CredentialProviderConfigurations: [{CredentialProviderType: GATEWAY_IAM_ROLE}]`"),
    Rule::error("identity-header", source::GATEWAY_LAMBDA, identity_header)
        .holds(
            "if a router reads identity from a header, the gateway has a request interceptor that receives the \
                headers, and the target passes the header on: otherwise the client could set the header itself",
        )
        .fix(
            "add an interceptor for `REQUEST` with `PassRequestHeaders: true` to the gateway, and the header to the \
              target's `MetadataConfiguration.AllowedRequestHeaders`",
        ),
];

static GATEWAY: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("^([0-9a-zA-Z]-?){1,48}$").ok());
static TARGET: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("^([0-9a-zA-Z]-?){1,100}$").ok());

fn broken<'v>(node: Option<&'v Node>, pattern: &LazyLock<Option<Regex>>) -> Option<(&'v Node, &'v str)> {
    let (node, text) = node.and_then(|node| Some((node, node.text()?)))?;
    let broken = pattern.as_ref().is_some_and(|pattern| !pattern.is_match(&names::shortest(text)));
    broken.then_some((node, text))
}

fn gateway_name(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for gateway in deployment.of_type("AWS::BedrockAgentCore::Gateway") {
        if let Some((node, text)) = broken(gateway.properties().get("Name"), &GATEWAY) {
            reporter.at(&node.position, format!("`{text}` is not a valid name of a gateway"));
        }
    }
}

fn target_name(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for target in deployment.of_type("AWS::BedrockAgentCore::GatewayTarget") {
        if let Some((node, text)) = broken(target.properties().get("Name"), &TARGET) {
            reporter.at(&node.position, format!("`{text}` is not a valid name of a target"));
        }
    }
}

fn gateway_schema(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for tool in deployment.gateway_tools() {
        let name = tool.text_of("Name").unwrap_or("?").to_owned();
        let known = ["Name", "Description", "InputSchema", "OutputSchema"];
        for entry in tool.entries().iter().filter(|entry| !known.contains(&entry.name.as_str())) {
            reporter.at(
                &entry.position,
                format!("the tool `{name}` has `{}`, which a gateway does not support", entry.name),
            );
        }
        for entry in ["Name", "Description", "InputSchema"].into_iter().filter(|name| tool.get(name).is_none()) {
            reporter.at(&tool.position, format!("the tool `{name}` has no `{entry}`"));
        }
        let schemas = ["InputSchema", "OutputSchema"].into_iter().filter_map(|name| tool.entry(name));
        for schema in schemas {
            if schema.node.text_of("Type") != Some("object") {
                reporter.at(&schema.position, format!("the `{}` of the tool `{name}` is not an `object`", schema.name));
            }
            keywords(&name, &schema.node, reporter);
        }
    }
}

fn keywords(tool: &str, schema: &Node, reporter: &mut Reporter<'_>) {
    const TYPES: [&str; 6] = ["string", "number", "object", "array", "boolean", "integer"];
    let kind = schema.text_of("Type");
    if !kind.is_some_and(|kind| TYPES.contains(&kind)) {
        let message = format!("a schema of the tool `{tool}` has the type `{}`", kind.unwrap_or("none"));
        reporter.at(schema.nearest_position("Type"), message);
    }
    for entry in schema.entries() {
        match entry.name.as_str() {
            "Type" | "Description" | "Required" => {}
            "Items" => keywords(tool, &entry.node, reporter),
            "Properties" => entry.node.entries().iter().for_each(|property| keywords(tool, &property.node, reporter)),
            other => {
                reporter.at(
                    &entry.position,
                    format!("a schema of the tool `{tool}` has `{other}`, which a gateway does not support"),
                );
            }
        }
    }
}

fn credentials(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for target in deployment.targets() {
        let providers = target.resource.properties().list("CredentialProviderConfigurations");
        if !providers.iter().any(|it| it.text_of("CredentialProviderType") == Some("GATEWAY_IAM_ROLE")) {
            let message = format!("the target `{}` does not call with the gateway's role", target.name());
            reporter.at(target.resource.position_of("CredentialProviderConfigurations"), message);
        }
    }
}

fn identity_header(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for target in deployment.targets() {
        let Some(catalog) = deployment.catalog(target.function(deployment)) else { continue };
        for header in &catalog.identity_headers {
            let name = target.name();
            if !intercepted(deployment, target) {
                let message = format!("no interceptor sets the header `{header}` that `{}` trusts", catalog.group);
                reporter.at(&target.resource.position, format!("{message} (target `{name}`)"));
            }
            let allowed = target.resource.properties().at(&["MetadataConfiguration", "AllowedRequestHeaders"]);
            let allowed = allowed.map_or(&[] as &[_], Node::items);
            if !allowed.iter().filter_map(Node::text).any(|other| other.eq_ignore_ascii_case(header)) {
                let message = format!("the target `{name}` does not pass the header `{header}` on");
                reporter.at(target.resource.position_of("MetadataConfiguration"), message);
            }
        }
    }
}

/// Whether the target's gateway has an interceptor that gets the headers of requests. The interceptor's own tests must
/// show that it overwrites the correct header.
fn intercepted(deployment: &Deployment<'_>, target: Target<'_>) -> bool {
    // The gateway of another template is unknown.
    let Some(gateway) = target.gateway(deployment) else { return true };
    gateway.properties().list("InterceptorConfigurations").iter().any(|interceptor| {
        let on_request = interceptor.list("InterceptionPoints").iter().any(|point| point.text() == Some("REQUEST"));
        let passed = interceptor.at(&["InputConfiguration", "PassRequestHeaders"]);
        on_request && passed.is_some_and(Node::is_true)
    })
}
