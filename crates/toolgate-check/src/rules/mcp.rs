//! Functions that answer MCP clients by themselves: who may call them, and whether clients may answer for a person.

use toolgate_template::Node;

use super::{Rule, permissions, source, tables};
use crate::{
    deployment::{Deployment, Resource},
    endpoints::{Endpoint, endpoints},
    reporter::{Reporter, quoted},
};

pub(super) const RULES: &[Rule] = &[
    Rule::warning("mcp-open", source::URL_AUTH, open_url)
        .holds("the URL of a function that answers `mcp` verifies its callers")
        .fix("set `AuthType: AWS_IAM`, or put the function behind an HTTP API with a JWT authorizer"),
    Rule::warning("mcp-route", source::HTTP_API_TOKENS, open_route)
        .holds(
            "a route of an HTTP API to a function that answers `mcp` has an authorizer, except for the metadata at \
              `GET /.well-known/oauth-protected-resource`",
        )
        .fix("set `AuthorizationType: JWT` and `AuthorizerId`, or `DefaultAuthorizer` of a SAM API"),
    Rule::error("mcp-elicit", source::LEADING_KEYS, elicit)
        .holds(
            "a function may write `elicit#TOOL#*` of the approvals for each tool with confirmation, if it trusts \
              clients to ask a person (`TOOLGATE_MCP_ELICIT=trusted`), and may not if it does not",
        )
        .fix(
            "allow `dynamodb:BatchGetItem`, `PutItem` and `UpdateItem` on the leading keys `elicit#TOOL#*` together with \
              `TOOLGATE_MCP_ELICIT=trusted`, or neither",
        ),
];

/// Whether a function answers MCP clients.
fn answers(deployment: &Deployment<'_>, function: &Resource) -> bool {
    let wires = deployment.variable(function, "TOOLGATE_WIRES");
    let wires = wires.as_ref().and_then(Node::text).unwrap_or_default();
    wires.split(',').any(|wire| wire.trim() == "mcp")
}

fn open_url(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    report_open(deployment, reporter, |endpoint| endpoint.route.is_none().then(|| "the URL".to_owned()));
}

fn open_route(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    report_open(deployment, reporter, |endpoint| endpoint.route.as_ref().map(|key| format!("the route `{key}`")));
}

/// Reports the open endpoints that `name` has a name for.
fn report_open(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>, name: impl Fn(&Endpoint) -> Option<String>) {
    for function in deployment.functions().filter(|function| answers(deployment, function)) {
        let anonymous = deployment.handler(&function.id).is_some_and(|(catalog, _)| catalog.anonymous_mcp);
        let consequence = match anonymous {
            true => "anybody on the internet may call its tools",
            false => "it refuses every call, because no caller is verified",
        };
        for endpoint in endpoints(deployment, function).into_iter().filter(|endpoint| endpoint.is_open) {
            if let Some(name) = name(&endpoint) {
                reporter.at(&endpoint.position, format!("{name} of `{}` is open: {consequence}", function.id));
            }
        }
    }
}

fn elicit(deployment: &Deployment<'_>, reporter: &mut Reporter<'_>) {
    for function in deployment.functions() {
        let setting = deployment.variable(function, "TOOLGATE_MCP_ELICIT");
        let trusts = setting.filter(|it| it.text() == Some("trusted") && answers(deployment, function));
        let statements = permissions::of_function(deployment, function);
        match trusts {
            Some(setting) if permissions::are_known(deployment, function) => {
                let confirmed = deployment.handler(&function.id).map(|(catalog, _)| &catalog.tools);
                for tool in confirmed.into_iter().flatten().filter(|tool| tool.confirm) {
                    let key = format!("elicit#{}#", tool.name);
                    let missing = ["dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
                        .into_iter()
                        .filter(|action| {
                            let allows = |it: &&Node| permissions::allows(it, action) && is_for_memory(deployment, it);
                            let mut allowed = statements.iter().filter(allows);
                            !allowed.any(|statement| leading_keys(statement).is_none_or(|keys| is_among(&key, &keys)))
                        });
                    let missing = quoted(missing);
                    if !missing.is_empty() {
                        let message = format!("`{}` asks clients and lacks {missing} on `{key}*`", function.id);
                        reporter.at(&setting.position, message);
                    }
                }
            }
            Some(_) => {}
            None => {
                let questions = |keys: &Vec<String>| keys.iter().any(|key| key.starts_with("elicit#"));
                for statement in statements.iter().filter(|it| leading_keys(it).as_ref().is_some_and(questions)) {
                    let message = format!("`{}` may write questions to clients that it does not trust", function.id);
                    reporter.at(&statement.position, message);
                }
            }
        }
    }
}

/// Whether a statement may be about approvals: not if all of its resources are other tables of this template.
fn is_for_memory(deployment: &Deployment<'_>, statement: &Node) -> bool {
    let resources = statement.get("Resource").map_or(&[] as &[_], Node::one_or_more);
    resources.iter().filter_map(Node::text).any(|arn| deployment.referred(arn).is_none_or(tables::remembers))
}

/// The patterns of a statement's leading keys. `None` where it names none, so that it allows every key.
fn leading_keys(statement: &Node) -> Option<Vec<String>> {
    let operators = statement.members("Condition").iter();
    let mut patterns = operators
        .filter(|operator| operator.name != "Null")
        .filter_map(|operator| operator.node.get("dynamodb:LeadingKeys"))
        .peekable();
    patterns.peek()?;
    Some(patterns.flat_map(Node::one_or_more).filter_map(Node::text).map(str::to_owned).collect())
}

/// Whether one of these patterns allows every key with this beginning.
fn is_among(beginning: &str, patterns: &[String]) -> bool {
    patterns.iter().filter_map(|pattern| pattern.strip_suffix('*')).any(|pattern| beginning.starts_with(pattern))
}
