//! The gateway's interceptors: functions that can change every request before it is handled, and every response before
//! it is sent.
//!
//! Where AWS documents no behaviour, this module takes the strict reading, so that what is safe here is safe on AWS.
//! Headers that an interceptor does not mention stay. An interceptor that fails or returns an invalid answer ends the
//! request.
//!
//! <https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/gateway-interceptors-types.html>

use axum::{
    Json,
    body::Body,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use http_body_util::BodyExt;
use serde_json::{Map, Value, json};

use super::{
    Gateway,
    call::{GENERIC, joined},
    rpc::{self, Refusal},
};
use crate::lambda::Event;
use toolgate_template::InterceptorSpec;

const FORMAT: &str = "1.0";

/// A request on its way through the gateway.
#[derive(Debug)]
pub(super) struct InterceptedExchange {
    /// The body as the client sent it.
    pub(super) raw: Bytes,
    /// The body after the interceptors that have run so far.
    pub(super) body: Value,
    pub(super) headers: HeaderMap,
}

impl Gateway {
    /// Runs the request interceptors. Returns the changed request, or the response with which an interceptor ends it.
    pub(super) async fn intercept_request(
        &self,
        mut exchange: InterceptedExchange,
    ) -> Result<Result<InterceptedExchange, Response>, Refusal> {
        for interceptor in &self.spec.interceptors {
            if !interceptor.request {
                continue;
            }
            let event = json!({"interceptorInputVersion": FORMAT, "mcp": request(&exchange, interceptor)});
            let mut answer = self.ask(interceptor, &event).await?;
            // A response takes precedence, even if the answer also has a request.
            if let Some(response) = answer.remove("transformedGatewayResponse").filter(|response| !response.is_null()) {
                return Ok(Err(self.build_response(interceptor, response)?));
            }
            if let Some(Value::Object(mut request)) = answer.remove("transformedGatewayRequest") {
                if let Some(headers) = request.get("headers") {
                    overlay(&mut exchange.headers, headers).map_err(|problem| self.broken(interceptor, &problem))?;
                }
                if let Some(body) = request.remove("body").filter(|body| !body.is_null()) {
                    exchange.body = rpc::message(body.to_string().as_bytes()).map_err(|refusal| {
                        self.broken(interceptor, &format!("its request is not valid: {}", refusal.message))
                    })?;
                }
            }
        }
        Ok(Ok(exchange))
    }

    /// Runs the response interceptors and returns the changed response.
    pub(super) async fn intercept_response(
        &self,
        exchange: &InterceptedExchange,
        response: Response,
    ) -> Result<Response, Refusal> {
        let unseen = !self.spec.interceptors.iter().any(|interceptor| interceptor.response);
        if unseen || response.status() == StatusCode::ACCEPTED {
            return Ok(response);
        }
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
        let Ok(body) = serde_json::from_slice::<Value>(&bytes) else {
            return Ok(Response::from_parts(parts, Body::from(bytes)));
        };
        let mut now = json!({"statusCode": parts.status.as_u16(), "body": body});
        let mut response = Response::from_parts(parts, Body::from(bytes));
        for interceptor in &self.spec.interceptors {
            if !interceptor.response {
                continue;
            }
            let mut mcp = request(exchange, interceptor);
            mcp.insert("gatewayResponse".to_owned(), now.clone());
            let event = json!({"interceptorInputVersion": FORMAT, "mcp": mcp});
            let mut answer = self.ask(interceptor, &event).await?;
            if let Some(changed) = answer.remove("transformedGatewayResponse").filter(|response| !response.is_null()) {
                response = self.build_response(interceptor, changed.clone())?;
                now = changed;
            }
        }
        Ok(response)
    }

    /// Invokes an interceptor and returns the `mcp` member of its answer.
    async fn ask(&self, interceptor: &InterceptorSpec, event: &Value) -> Result<Map<String, Value>, Refusal> {
        let payload = Bytes::from(event.to_string());
        let name = &interceptor.function.logical_id;
        let invocation = self.interceptors.run(name, Event { payload, ..Event::default() }).await;
        let invocation = invocation.map_err(|error| self.broken(interceptor, &error.to_string()))?;
        if invocation.function_error.is_some() {
            let payload = String::from_utf8_lossy(&invocation.payload);
            let problem = format!("it failed: {payload}");
            // The `Functions` type has already logged the loss of a function.
            return Err(if invocation.lost {
                self.refusal(detail(interceptor, &problem))
            } else {
                self.broken(interceptor, &problem)
            });
        }
        let mut answer: Value = serde_json::from_slice(&invocation.payload)
            .map_err(|error| self.broken(interceptor, &format!("its answer is not valid JSON: {error}")))?;
        if answer.get("interceptorOutputVersion").and_then(Value::as_str) != Some(FORMAT) {
            return Err(self.broken(interceptor, "its answer has no `interceptorOutputVersion` \"1.0\""));
        }
        match answer.get_mut("mcp").map(Value::take) {
            Some(Value::Object(mcp)) => Ok(mcp),
            _ => Err(self.broken(interceptor, "its answer has no `mcp`")),
        }
    }

    /// Builds the response that an interceptor returned.
    fn build_response(&self, interceptor: &InterceptorSpec, mut response: Value) -> Result<Response, Refusal> {
        let status = response.get("statusCode").map_or(Some(200), Value::as_u64);
        let status = status.and_then(|status| StatusCode::from_u16(u16::try_from(status).ok()?).ok());
        let Some(status) = status else {
            return Err(self.broken(interceptor, "the `statusCode` of its response is not valid"));
        };
        let mut headers = HeaderMap::new();
        overlay(&mut headers, response.get("headers").unwrap_or(&Value::Null))
            .map_err(|problem| self.broken(interceptor, &problem))?;
        headers.remove(header::CONTENT_LENGTH);
        let body = response.get_mut("body").map(Value::take).unwrap_or_default();
        let mut answer = (status, Json(body)).into_response();
        answer.headers_mut().extend(headers);
        Ok(answer)
    }

    fn broken(&self, interceptor: &InterceptorSpec, problem: &str) -> Refusal {
        let detail = detail(interceptor, problem);
        tracing::warn!(gateway = self.spec.logical_id, "{detail}");
        self.refusal(detail)
    }

    fn refusal(&self, detail: String) -> Refusal {
        let message = if self.spec.debug { detail } else { GENERIC.to_owned() };
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, rpc::INTERNAL_ERROR, message)
    }
}

fn detail(interceptor: &InterceptorSpec, problem: &str) -> String {
    format!("the interceptor `{}`: {problem}", interceptor.function.logical_id)
}

/// The request's part of an event. Without `PassRequestHeaders` the headers are present and empty.
fn request(exchange: &InterceptedExchange, interceptor: &InterceptorSpec) -> Map<String, Value> {
    let headers = if interceptor.pass_headers { as_json(&exchange.headers) } else { Map::new() };
    let mcp = json!({
        "rawGatewayRequest": {"body": String::from_utf8_lossy(&exchange.raw)},
        "gatewayRequest": {"path": "/mcp", "httpMethod": "POST", "headers": headers, "body": exchange.body},
    });
    match mcp {
        Value::Object(mcp) => mcp,
        _ => Map::new(),
    }
}

fn as_json(headers: &HeaderMap) -> Map<String, Value> {
    headers.keys().map(|name| (name.as_str().to_owned(), joined(headers, name.as_str()))).collect()
}

/// Sets the named headers and replaces every header of the same name. Two spellings of one name count as two values.
///
/// A header that cannot be set is an error. If it were skipped, the client's own value would stay in its place.
fn overlay(headers: &mut HeaderMap, named: &Value) -> Result<(), String> {
    let pair = |(name, value): (&String, &Value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let parsed = (name.parse::<HeaderName>().ok(), HeaderValue::from_str(&text).ok());
        let (Some(name), Some(value)) = parsed else { return Err(format!("`{name}` cannot be set as a header")) };
        Ok((name, value))
    };
    let named = named.as_object().into_iter().flatten().map(pair);
    let named = named.collect::<Result<Vec<(HeaderName, HeaderValue)>, String>>()?;
    for (name, _) in &named {
        headers.remove(name);
    }
    for (name, value) in named {
        headers.append(name, value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_interceptor_sets_is_the_only_value_and_what_it_leaves_out_stays() {
        let mut headers = HeaderMap::new();
        headers.append("x-desk", HeaderValue::from_static("theirs"));
        headers.append("x-desk", HeaderValue::from_static("theirs too"));
        headers.append("x-other", HeaderValue::from_static("a"));
        overlay(&mut headers, &json!({"X-Desk": "ours"})).unwrap();
        assert_eq!(Value::Object(as_json(&headers)), json!({"x-desk": "ours", "x-other": "a"}));
        // Two spellings are ambiguous. Both are kept, so the function can detect it.
        overlay(&mut headers, &json!({"X-Desk": "one", "x-desk": "two"})).unwrap();
        assert_eq!(as_json(&headers)["x-desk"], "one, two");
    }
    #[test]
    fn what_cannot_be_set_is_never_passed_over() {
        for bad in [json!({"X-Desk": "a\nb"}), json!({"X-Desk": "\u{0}"}), json!({"X Desk": "a"}), json!({"": "a"})] {
            let mut headers = HeaderMap::new();
            headers.append("x-desk", HeaderValue::from_static("theirs"));
            assert!(overlay(&mut headers, &bad).is_err(), "{bad}");
        }
    }
}
