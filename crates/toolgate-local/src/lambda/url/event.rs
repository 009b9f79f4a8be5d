//! The event of an HTTP request, in payload format 2.0.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use http::{HeaderMap, header, request::Parts};
use serde_json::{Map, Value, json};
use toolgate_template::ACCOUNT;
use uuid::Uuid;

/// The event for a request to `path` below the URL of the function `name`.
pub(crate) fn of(name: &str, path: &str, parts: &Parts, body: &[u8], authorizer: Value) -> Value {
    let text = |name: header::HeaderName| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(header::HOST).or_else(|| parts.uri.authority().map(|authority| authority.as_str()));
    let host = host.unwrap_or_default();
    let query = parts.uri.query().unwrap_or_default();
    let now = jiff::Timestamp::now();
    let cookies: Vec<&str> =
        text(header::COOKIE).into_iter().flat_map(|cookies| cookies.split(';')).map(str::trim).collect();
    let is_text = std::str::from_utf8(body).ok().filter(|_| is_text(text(header::CONTENT_TYPE)));
    let mut event = json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers(&parts.headers),
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": name,
            "authentication": null,
            "domainName": host,
            "domainPrefix": name,
            "http": {
                "method": parts.method.as_str(),
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": text(header::USER_AGENT),
            },
            "requestId": Uuid::new_v4().to_string(),
            "routeKey": "$default",
            "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string(),
            "timeEpoch": now.as_millisecond(),
        },
        "isBase64Encoded": !body.is_empty() && is_text.is_none(),
    });
    let mut put = |pointer: &str, name: &str, value: Value| {
        if let Some(members) = event.pointer_mut(pointer).and_then(Value::as_object_mut) {
            members.insert(name.to_owned(), value);
        }
    };
    if !authorizer.is_null() {
        put("/requestContext", "authorizer", authorizer);
    }
    if !cookies.is_empty() {
        put("", "cookies", cookies.into());
    }
    if !query.is_empty() {
        put("", "queryStringParameters", parameters(query));
    }
    if !body.is_empty() {
        put("", "body", is_text.map_or_else(|| BASE64.encode(body), str::to_owned).into());
    }
    event
}

/// The headers with names in lower case, repeated ones joined by a comma. Cookies have their own member.
fn headers(headers: &HeaderMap) -> Value {
    let mut joined = BTreeMap::<&str, String>::new();
    for (name, value) in headers.iter().filter(|(name, _)| **name != header::COOKIE) {
        let value = String::from_utf8_lossy(value.as_bytes());
        joined
            .entry(name.as_str())
            .and_modify(|first| *first = format!("{first},{value}"))
            .or_insert(value.into_owned());
    }
    json!(joined)
}

fn parameters(query: &str) -> Value {
    let mut joined = Map::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let value = match joined.get(name.as_ref()).and_then(Value::as_str) {
            Some(first) => format!("{first},{value}"),
            None => value.into_owned(),
        };
        joined.insert(name.into_owned(), value.into());
    }
    joined.into()
}

/// Whether Lambda passes a body of this type as text.
fn is_text(kind: Option<&str>) -> bool {
    let kind = kind.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind.starts_with("text/")
        || ["application/json", "application/javascript", "application/xml", "application/x-www-form-urlencoded"]
            .contains(&kind.as_str())
}
