//! AgentCore Gateway: names, tool schemas, and identity.

use std::sync::LazyLock;

use regex::Regex;

use super::{Rule, Severity, names, source};
use crate::{
    document::Node,
    finding::Found,
    view::{Target, View},
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "gateway-name",
        holds: "a gateway's name matches `([0-9a-zA-Z]-?){1,48}`",
        source: source::GATEWAY,
        fix: "use letters and digits, with single `-` between them",
        severity: Severity::Error,
        check: gateway_name,
    },
    Rule {
        name: "target-name",
        holds: "a target's name matches `([0-9a-zA-Z]-?){1,100}`: with a `_` in it, `target___tool` could be cut wrongly",
        source: source::GATEWAY_TARGET,
        fix: "use `-` in place of `_`",
        severity: Severity::Error,
        check: target_name,
    },
    Rule {
        name: "gateway-schema",
        holds: "a tool has `Name`, `Description`, `InputSchema` and `OutputSchema`; a schema has `Type`, \
                `Description`, `Properties`, `Required` and `Items`, and nothing else",
        source: source::GATEWAY_LAMBDA,
        fix: "run `toolgate schemas`: it moves what the schema cannot say into descriptions",
        severity: Severity::Error,
        check: gateway_schema,
    },
    Rule {
        name: "gateway-credentials",
        holds: "a Lambda target calls with `GATEWAY_IAM_ROLE`",
        source: source::GATEWAY_LAMBDA,
        fix: "add `CredentialProviderConfigurations: [{CredentialProviderType: GATEWAY_IAM_ROLE}]`",
        severity: Severity::Error,
        check: credentials,
    },
    Rule {
        name: "identity-header",
        holds: "where a router reads identity from a header, the gateway has a request interceptor that is passed the \
                headers, and the target lets the header through: without one, the client could set the header itself",
        source: source::GATEWAY_LAMBDA,
        fix: "add an interceptor for `REQUEST` with `PassRequestHeaders: true` to the gateway, and the header to the \
              target's `MetadataConfiguration.AllowedRequestHeaders`",
        severity: Severity::Error,
        check: identity_header,
    },
];

static GATEWAY: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("^([0-9a-zA-Z]-?){1,48}$").ok());
static TARGET: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new("^([0-9a-zA-Z]-?){1,100}$").ok());

fn broken<'v>(node: Option<&'v Node>, pattern: &LazyLock<Option<Regex>>) -> Option<(&'v Node, &'v str)> {
    let (node, text) = node.and_then(|node| Some((node, node.text()?)))?;
    let broken = pattern.as_ref().is_some_and(|pattern| !pattern.is_match(&names::shortest(text)));
    broken.then_some((node, text))
}

fn gateway_name(view: &View<'_>, found: &mut Found<'_>) {
    for gateway in view.of_type("AWS::BedrockAgentCore::Gateway") {
        if let Some((node, text)) = broken(gateway.properties().get("Name"), &GATEWAY) {
            found.at(&node.place, format!("no gateway can have the name `{text}`"));
        }
    }
}

fn target_name(view: &View<'_>, found: &mut Found<'_>) {
    for target in view.of_type("AWS::BedrockAgentCore::GatewayTarget") {
        if let Some((node, text)) = broken(target.properties().get("Name"), &TARGET) {
            found.at(&node.place, format!("no target can have the name `{text}`"));
        }
    }
}

fn gateway_schema(view: &View<'_>, found: &mut Found<'_>) {
    for tool in view.gateway_tools() {
        let name = tool.text_of("Name").unwrap_or("?").to_owned();
        let known = ["Name", "Description", "InputSchema", "OutputSchema"];
        for entry in tool.entries().iter().filter(|entry| !known.contains(&entry.name.as_str())) {
            found.at(&entry.place, format!("the tool `{name}` has `{}`, which a gateway does not know", entry.name));
        }
        for entry in ["Name", "Description", "InputSchema"].into_iter().filter(|name| tool.get(name).is_none()) {
            found.at(&tool.place, format!("the tool `{name}` has no `{entry}`"));
        }
        let schemas = ["InputSchema", "OutputSchema"].into_iter().filter_map(|name| tool.entry(name));
        for schema in schemas {
            if schema.node.text_of("Type") != Some("object") {
                found.at(&schema.place, format!("the `{}` of the tool `{name}` is no `object`", schema.name));
            }
            keywords(&name, &schema.node, found);
        }
    }
}

fn keywords(tool: &str, schema: &Node, found: &mut Found<'_>) {
    const TYPES: [&str; 6] = ["string", "number", "object", "array", "boolean", "integer"];
    let kind = schema.text_of("Type");
    if !kind.is_some_and(|kind| TYPES.contains(&kind)) {
        let place = schema.entry("Type").map_or(&schema.place, |entry| &entry.place);
        found.at(place, format!("a schema of the tool `{tool}` has the type `{}`", kind.unwrap_or("none")));
    }
    for entry in schema.entries() {
        match entry.name.as_str() {
            "Type" | "Description" | "Required" => {}
            "Items" => keywords(tool, &entry.node, found),
            "Properties" => entry.node.entries().iter().for_each(|property| keywords(tool, &property.node, found)),
            other => {
                found.at(
                    &entry.place,
                    format!("a schema of the tool `{tool}` has `{other}`, which a gateway does not know"),
                );
            }
        }
    }
}

fn credentials(view: &View<'_>, found: &mut Found<'_>) {
    for target in view.targets() {
        let providers = target.resource.properties().list("CredentialProviderConfigurations");
        if !providers.iter().any(|it| it.text_of("CredentialProviderType") == Some("GATEWAY_IAM_ROLE")) {
            let message = format!("the target `{}` does not call with the gateway's role", target.name());
            found.at(target.resource.place_of("CredentialProviderConfigurations"), message);
        }
    }
}

fn identity_header(view: &View<'_>, found: &mut Found<'_>) {
    for target in view.targets() {
        let function = target.lambda.text_of("LambdaArn").and_then(|text| view.function(text));
        let Some((catalog, _)) = function.and_then(|function| view.handler(&function.id)) else { continue };
        for header in &catalog.identity_headers {
            let name = target.name();
            if !intercepted(view, target) {
                let message = format!("no interceptor sets the header `{header}` that `{}` trusts", catalog.group);
                found.at(&target.resource.place, format!("{message} (target `{name}`)"));
            }
            let allowed = target.resource.properties().at(&["MetadataConfiguration", "AllowedRequestHeaders"]);
            let allowed = allowed.map_or(&[] as &[_], Node::items);
            if !allowed.iter().filter_map(Node::text).any(|other| other.eq_ignore_ascii_case(header)) {
                let message = format!("the target `{name}` does not let the header `{header}` through");
                found.at(target.resource.place_of("MetadataConfiguration"), message);
            }
        }
    }
}

/// Whether the target's gateway has an interceptor that sees the headers of requests. Whether it overwrites the right
/// one is for its own tests.
fn intercepted(view: &View<'_>, target: Target<'_>) -> bool {
    // a gateway of another template is not known
    let Some(gateway) = target.gateway(view) else { return true };
    gateway.properties().list("InterceptorConfigurations").iter().any(|interceptor| {
        let on_request = interceptor.list("InterceptionPoints").iter().any(|point| point.text() == Some("REQUEST"));
        let passed = interceptor.at(&["InputConfiguration", "PassRequestHeaders"]);
        on_request && passed.is_some_and(Node::is_true)
    })
}
