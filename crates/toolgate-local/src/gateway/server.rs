//! `/mcp`: MCP over streamable HTTP, from the bytes of a request to the bytes of its response.
//!
//! A body is parsed once, and all later steps use the parsed value. Interceptor, policy and function therefore cannot
//! interpret one body in two ways.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    response::{IntoResponse, Response},
    routing::any,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts};
use http_body_util::{BodyExt, Full};
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
};
use serde_json::Value;
use toolgate_policy::Principal;

use super::{
    Gateway,
    intercept::InterceptedExchange,
    mcp::Server,
    rpc::{self, Refusal},
};
use crate::{
    http::body::{self, Refused},
    lambda::PAYLOAD_BYTES,
    turns::{self, OpenTurn, TurnKind, Turns},
};

pub(super) const VERSION: &str = "mcp-protocol-version";

type Service = StreamableHttpService<Server, NeverSessionManager>;

/// A gateway and the MCP server in it.
#[derive(Clone)]
pub(super) struct Endpoint {
    pub(super) gateway: Arc<Gateway>,
    service: Service,
}

/// The route of the gateway, on the guarded port.
pub(crate) fn routes(gateway: Arc<Gateway>) -> Router {
    Router::new().route("/mcp", any(serve)).with_state(endpoint(gateway))
}

pub(super) fn endpoint(gateway: Arc<Gateway>) -> Endpoint {
    // The guard has already checked host and origin, and `serve` limits the size of the body.
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .disable_allowed_hosts()
        .with_max_request_body_bytes(2 * PAYLOAD_BYTES);
    let server = Server(Arc::clone(&gateway));
    let service = Service::new(move || Ok(server.clone()), Arc::new(NeverSessionManager::default()), config);
    Endpoint { gateway, service }
}

async fn serve(State(endpoint): State<Endpoint>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    match answer(&endpoint, parts, body).await {
        Ok(response) => response,
        Err(refusal) => refusal.into_response(),
    }
}

async fn answer(endpoint: &Endpoint, mut parts: Parts, body: Body) -> Result<Response, Refusal> {
    let read = body::read(body, PAYLOAD_BYTES).await;
    if parts.method != Method::POST {
        let message = "this gateway keeps no sessions and sends no streams; send each message with POST";
        let refusal = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, rpc::INVALID_REQUEST, message);
        return Ok(([(header::ALLOW, "POST")], refusal).into_response());
    }
    let bytes = read.map_err(|refused| match refused {
        Refused::TooLarge => {
            let message = format!("the body is larger than {PAYLOAD_BYTES} bytes, the maximum that a function accepts");
            Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, rpc::INVALID_REQUEST, message)
        }
        Refused::Broken => Refusal::bad_request("the body could not be read"),
    })?;
    media_types(&mut parts.headers)?;
    let message = rpc::message(&bytes)?;
    protocol_version(&endpoint.gateway, &parts.headers).map_err(|refusal| refusal.of(&message))?;

    let id = rpc::id(&message);
    let principal = match endpoint.gateway.authorizer.authenticate(&mut parts.headers) {
        Ok(principal) => principal,
        Err(refusal) => return Ok(([(header::WWW_AUTHENTICATE, "Bearer")], Refusal { id, ..refusal }).into_response()),
    };
    let record = begin(&endpoint.gateway, &parts, &message);
    let exchange = InterceptedExchange { raw: bytes, body: message, headers: HeaderMap::new() };
    let place = record.as_ref().map(OpenTurn::place);
    let passed = turns::within(place.clone(), pass(endpoint, parts, exchange, principal)).await;
    if let Some(record) = record {
        record.end(passed.as_ref().map(|_| "").map_err(|refusal| refusal.message.as_str()));
    }
    passed.map(|response| turns::named(response, place.map(|place| place.turn_id()).as_deref()))
}

/// The record of a call of a tool.
fn begin(gateway: &Gateway, parts: &Parts, message: &Value) -> Option<OpenTurn> {
    let turns = parts.extensions.get::<Turns>()?;
    let tool = message.pointer("/params/name").and_then(Value::as_str).unwrap_or_default();
    let is_call = message.get("method").and_then(Value::as_str) == Some("tools/call");
    is_call.then(|| turns.begin(TurnKind::Gateway, &gateway.spec.name, None, tool))
}

/// The path of a message whose caller is known: interceptors, policies, the call. The headers are those of `parts`.
pub(super) async fn pass(
    endpoint: &Endpoint,
    mut parts: Parts,
    exchange: InterceptedExchange,
    principal: Principal,
) -> Result<Response, Refusal> {
    let id = rpc::id(&exchange.body);
    parts.extensions.insert(principal);
    // rmcp handles a message in a task of its own.
    if let Some(place) = turns::here() {
        parts.extensions.insert(place);
    }
    let exchange = InterceptedExchange { headers: std::mem::take(&mut parts.headers), ..exchange };
    let exchange = match endpoint.gateway.intercept_request(exchange).await {
        Ok(Ok(exchange)) => exchange,
        Ok(Err(response)) => return Ok(response),
        Err(refusal) => return Err(Refusal { id, ..refusal }),
    };
    parts.headers = exchange.headers.clone();
    let response = ask(&endpoint.service, parts, &exchange.body).await;
    endpoint.gateway.intercept_response(&exchange, response).await.map_err(|refusal| Refusal { id, ..refusal })
}

/// Converts a response of rmcp. Its refusals are plain text; a client that parses JSON-RPC gets them as JSON-RPC
/// errors.
async fn ask(service: &Service, parts: Parts, message: &Value) -> Response {
    let mut request = http::Request::from_parts(parts, Full::new(Bytes::from(message.to_string())));
    // rmcp limits the body by itself, and an interceptor may have changed its length.
    request.headers_mut().remove(header::CONTENT_LENGTH);
    let response = service.handle(request).await;
    let json = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if response.status().is_success() || json {
        return response.map(Body::new);
    }
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    // rmcp reports a message of the wrong shape as an unsupported media type.
    let status =
        if parts.status == StatusCode::UNSUPPORTED_MEDIA_TYPE { StatusCode::BAD_REQUEST } else { parts.status };
    Refusal::new(status, rpc::INVALID_REQUEST, String::from_utf8_lossy(&bytes)).of(message).into_response()
}

/// Requires JSON in both directions. AgentCore accepts requests whose `Accept` header is less complete than MCP
/// requires, for example curl's.
fn media_types(headers: &mut HeaderMap) -> Result<(), Refusal> {
    let text = |name| headers.get_all(name).iter().filter_map(|value: &HeaderValue| value.to_str().ok());
    let kind = text(header::CONTENT_TYPE).next().unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        let message = "the `Content-Type` has to be `application/json`";
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, rpc::INVALID_REQUEST, message));
    }
    let accepted: Vec<String> = text(header::ACCEPT).map(str::to_ascii_lowercase).collect();
    let takes_json =
        |accepted: &String| ["application/json", "application/*", "*/*"].iter().any(|kind| accepted.contains(kind));
    if !accepted.is_empty() && !accepted.iter().any(takes_json) {
        let message = "answers are JSON; accept `application/json`";
        return Err(Refusal::new(StatusCode::NOT_ACCEPTABLE, rpc::INVALID_REQUEST, message));
    }
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json, text/event-stream"));
    Ok(())
}

/// Without the header rmcp assumes the oldest version, as the protocol defines it.
fn protocol_version(gateway: &Gateway, headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(asked) = headers.get(VERSION) else { return Ok(()) };
    let known = gateway.versions();
    if known.iter().any(|version| asked.as_bytes() == version.as_str().as_bytes()) {
        return Ok(());
    }
    let known: Vec<String> = known.iter().map(|version| format!("`{version}`")).collect();
    let asked = String::from_utf8_lossy(asked.as_bytes());
    Err(Refusal::bad_request(format!("the gateway does not support MCP `{asked}`; it supports {}", known.join(", "))))
}
