//! The HTTP endpoints of a function with tools: its URLs, and the routes of HTTP APIs that call it.
//!
//! An HTTP API is read where its routes are resources or events of functions. One that is an OpenAPI document (`Body`)
//! is not read.

use toolgate_template::{Node, Position, has_tools};

use crate::deployment::{Deployment, FunctionRef, Resource};

/// The paths of a protected resource's metadata (RFC 9728). Clients read it before they have a token.
const METADATA: &str = "/.well-known/oauth-protected-resource";

/// A way to a function by HTTP.
pub(crate) struct Endpoint {
    /// The key of a route, such as `POST /mcp`; `None` for the function's URL.
    pub(crate) route: Option<String>,
    /// The line that decides who may call it.
    pub(crate) position: Position,
    /// Whether it verifies no caller, and is not for metadata only.
    pub(crate) is_open: bool,
}

/// The endpoints of a function with tools; none of another one.
pub(crate) fn endpoints(deployment: &Deployment<'_>, function: &Resource) -> Vec<Endpoint> {
    // such as the front door of a web application, which answers on no wire
    if !has_tools(&function.body) {
        return Vec::new();
    }
    urls(deployment, function).chain(events(deployment, function)).chain(routes(deployment, function)).collect()
}

fn urls<'v>(deployment: &'v Deployment<'_>, function: &'v Resource) -> impl Iterator<Item = Endpoint> + 'v {
    let own = function.properties().get("FunctionUrlConfig");
    let of_it = |url: &&Resource| {
        let target = url.properties().text_of("TargetFunctionArn").and_then(|arn| deployment.function(arn));
        target.is_some_and(|target| target.id == function.id)
    };
    let urls = own.into_iter().chain(deployment.of_type("AWS::Lambda::Url").filter(of_it).map(Resource::properties));
    urls.map(|url| Endpoint {
        route: None,
        position: url.position_of("AuthType"),
        is_open: url.text_of("AuthType") == Some("NONE"),
    })
}

/// The routes that SAM makes of a function's own events.
fn events<'v>(deployment: &'v Deployment<'_>, function: &'v Resource) -> impl Iterator<Item = Endpoint> + 'v {
    let events = function.properties().members("Events").iter();
    events.filter(|event| event.node.text_of("Type") == Some("HttpApi")).map(|event| {
        let text = |name: &str| event.node.at(&["Properties", name]).and_then(Node::text);
        // an event without a path is the API's default route
        let key = match (text("Method"), text("Path")) {
            (method, Some(path)) => format!("{} {path}", method.unwrap_or("ANY").to_ascii_uppercase()),
            (_, None) => "$default".to_owned(),
        };
        let authorizer = event.node.at(&["Properties", "Auth", "Authorizer"]).and_then(Node::text);
        let is_open = match authorizer {
            Some(name) => name == "NONE",
            None => !has_default(deployment, text("ApiId")),
        };
        Endpoint { is_open: is_open && !is_metadata(&key), route: Some(key), position: event.position.clone() }
    })
}

/// Whether an API has an authorizer for every event that names none. `true` for an API that SAM does not make.
fn has_default(deployment: &Deployment<'_>, api: Option<&str>) -> bool {
    let own = match api.map(|id| deployment.referred(id)) {
        None => None,
        Some(Some(api)) if api.kind == "AWS::Serverless::HttpApi" => Some(api.properties()),
        Some(_) => return true,
    };
    let globals = deployment.project.source.at(&["Globals", "HttpApi"]);
    own.into_iter().chain(globals).any(|api| api.at(&["Auth", "DefaultAuthorizer"]).is_some())
}

fn routes<'v>(deployment: &'v Deployment<'_>, function: &'v Resource) -> impl Iterator<Item = Endpoint> + 'v {
    let routes = deployment.of_type("AWS::ApiGatewayV2::Route");
    routes.filter(|route| called(deployment, route).is_some_and(|called| called.id == function.id)).map(|route| {
        let text = |name: &str| route.properties().text_of(name);
        let key = text("RouteKey").unwrap_or_default();
        let is_open = matches!(text("AuthorizationType"), None | Some("NONE")) && !is_metadata(key);
        let position = route.position_of("AuthorizationType").clone();
        Endpoint { route: Some(key.to_owned()), position, is_open }
    })
}

/// The function that a route calls.
fn called(deployment: &Deployment<'_>, route: &Resource) -> Option<FunctionRef> {
    let integration = deployment.referred(route.properties().text_of("Target")?.strip_prefix("integrations/")?)?;
    let uri = integration.properties().text_of("IntegrationUri")?;
    // API Gateway also accepts the ARN of Lambda's API, which contains the function's
    let function = uri.split_once("/functions/").map_or(uri, |(_, rest)| rest.trim_end_matches("/invocations"));
    deployment.function(function)
}

fn is_metadata(key: &str) -> bool {
    key.strip_prefix("GET ")
        .and_then(|path| path.strip_prefix(METADATA))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
