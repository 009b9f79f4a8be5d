//! The HTTP response in a function's reply.

use axum::{body::Body, response::Response};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde_json::Value;

/// AWS passes this header of a function under another name, on function URLs and on HTTP APIs.
const REMAPPED: &str = "x-amzn-remapped-www-authenticate";

/// The response. `None` where the reply is not an HTTP response.
pub(super) fn of(reply: &[u8]) -> Option<Response> {
    let reply: Value = serde_json::from_slice(reply).ok()?;
    if reply.get("statusCode").is_none() {
        // a reply without a status is the body
        let body = reply.as_str().map_or_else(|| reply.to_string(), str::to_owned);
        let mut response = Response::new(Body::from(body));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        return Some(response);
    }
    let text = reply.get("body").and_then(Value::as_str).unwrap_or_default();
    let body = match reply.get("isBase64Encoded") == Some(&Value::Bool(true)) {
        true => Body::from(BASE64.decode(text).ok()?),
        false => Body::from(text.to_owned()),
    };
    with_head(&reply, body)
}

/// The response with the `statusCode`, `headers` and `cookies` of this object. `None` where one of them is not valid.
pub(super) fn with_head(head: &Value, body: Body) -> Option<Response> {
    let status = StatusCode::from_u16(head.get("statusCode")?.as_u64()?.try_into().ok()?).ok()?;
    let mut response = Response::new(body);
    *response.status_mut() = status;
    for (name, value) in head.get("headers").and_then(Value::as_object).into_iter().flatten() {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let name = match name.eq_ignore_ascii_case("www-authenticate") {
            true => REMAPPED,
            false => name.as_str(),
        };
        response.headers_mut().insert(HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?);
    }
    for cookie in head.get("cookies").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
        response.headers_mut().append(header::SET_COOKIE, HeaderValue::try_from(cookie).ok()?);
    }
    Some(response)
}
