//! The gateway for a caller in this process, such as a harness. Its messages take the same path as those over HTTP:
//! interceptors, policies and the call. Only the authorizer is left out, because the caller is known.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use toolgate_policy::{Caller, Principal};

use super::{
    Gateway,
    intercept::InterceptedExchange,
    server::{self, Endpoint},
};

/// A gateway, as one caller uses it.
#[derive(Clone)]
pub(crate) struct InProcess {
    endpoint: Endpoint,
    principal: Principal,
}

impl fmt::Debug for InProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InProcess").field("principal", &self.principal).finish_non_exhaustive()
    }
}

impl InProcess {
    /// The gateway for the IAM entity with this ARN.
    ///
    /// # Errors
    /// The gateway requires tokens, which an IAM entity does not have.
    pub(crate) fn for_role(gateway: Arc<Gateway>, arn: String) -> Result<Self, String> {
        let principal = Principal::IamEntity { arn };
        if !Caller::of(gateway.spec.authorizer.as_deref()).contains(&principal.caller()) {
            return Err(format!(
                "the gateway `{}` requires a token of a user, and a harness that is called with IAM has none; pass the \
                 gateway's URL as a `remote_mcp` tool with an `Authorization` header",
                gateway.spec.logical_id
            ));
        }
        Ok(Self { endpoint: server::endpoint(gateway), principal })
    }

    /// Sends one request and returns its `result`.
    ///
    /// # Errors
    /// The message of the JSON-RPC error.
    pub(crate) async fn request(&self, id: &str, method: &str, params: Value) -> Result<Value, String> {
        let body = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let raw = Bytes::from(body.to_string());
        let (mut parts, ()) = Request::post("/mcp").body(()).map_err(|error| error.to_string())?.into_parts();
        parts.headers = headers(&self.endpoint.gateway);
        let exchange = InterceptedExchange { raw, body, headers: HeaderMap::new() };
        let response = server::pass(&self.endpoint, parts, exchange, self.principal.clone()).await;
        let response = response.map_err(|refusal| refusal.message)?;
        let bytes = response.into_body().collect().await.map_err(|error| error.to_string())?.to_bytes();
        let mut answer: Value =
            serde_json::from_slice(&bytes).map_err(|error| format!("the gateway's answer is not JSON: {error}"))?;
        match answer.get_mut("result").map(Value::take) {
            Some(result) => Ok(result),
            None => {
                let message = answer.pointer("/error/message").and_then(Value::as_str);
                Err(message.unwrap_or("the gateway's answer has no result").to_owned())
            }
        }
    }
}

/// The headers of a request. Its protocol version is the newest one with the requests of [`InProcess::request`], which
/// have no metadata.
fn headers(gateway: &Gateway) -> HeaderMap {
    let versions = gateway.versions();
    let version = versions.iter().rev().find(|version| version.as_str() < "2026").or(versions.last());
    let version = version.and_then(|version| HeaderValue::from_str(version.as_str()).ok());
    let both = HeaderValue::from_static("application/json, text/event-stream");
    let mut headers = HeaderMap::from_iter([
        (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
        (header::ACCEPT, both),
        (header::HOST, HeaderValue::from_static("localhost")),
    ]);
    headers.extend(version.map(|version| (header::HeaderName::from_static(server::VERSION), version)));
    headers
}
