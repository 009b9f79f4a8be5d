//! Web pages of other origins that may call a function's URL, by the `Cors` of the template. The platform answers for
//! the function: its headers replace the function's own.
//!
//! <https://docs.aws.amazon.com/lambda/latest/api/API_Cors.html>

use axum::{body::Body, response::Response};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri, header, request::Parts};
use toolgate_template::CorsSpec;

use super::Functions;

const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// A page that may call a URL.
pub(super) struct Page {
    cors: Box<CorsSpec>,
    origin: HeaderValue,
}

/// Whether the request comes from a page that the template allows, to the URL of a function.
pub(crate) fn allows(functions: &Functions, request: &Parts) -> bool {
    let mut path = request.uri.path().split('/').skip(1);
    let (Some("functions"), Some(name), Some("url")) = (path.next(), path.next(), path.next()) else { return false };
    Page::of(functions, name, &request.headers).is_some()
}

impl Page {
    pub(super) fn of(functions: &Functions, name: &str, headers: &HeaderMap) -> Option<Self> {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let (Some(origin), None) = (origins.next(), origins.next()) else { return None };
        let cors = functions.url(name).ok()?.cors?;
        let text = origin.to_str().ok()?;
        let allowed = cors.origins.iter().any(|allowed| allowed == text || (allowed == "*" && is_loopback(text)));
        allowed.then(|| Self { cors, origin: origin.clone() })
    }

    /// The answer to a browser that asks before its request. The function is not invoked.
    pub(super) fn preflight(&self, request: &Parts) -> Option<Response> {
        let asked = |name: HeaderName| request.headers.get(name).cloned();
        let method = asked(header::ACCESS_CONTROL_REQUEST_METHOD).filter(|_| request.method == Method::OPTIONS)?;
        let mut response = Response::new(Body::empty());
        self.permit(response.headers_mut());
        put(response.headers_mut(), header::ACCESS_CONTROL_ALLOW_METHODS, list(&self.cors.methods, Some(method)));
        let headers = list(&self.cors.headers, asked(header::ACCESS_CONTROL_REQUEST_HEADERS));
        put(response.headers_mut(), header::ACCESS_CONTROL_ALLOW_HEADERS, headers);
        put(response.headers_mut(), header::ACCESS_CONTROL_MAX_AGE, self.cors.max_age.map(HeaderValue::from));
        Some(response)
    }

    /// Lets the page read a response.
    pub(super) fn permit(&self, headers: &mut HeaderMap) {
        let own: Vec<HeaderName> =
            headers.keys().filter(|name| name.as_str().starts_with("access-control-")).cloned().collect();
        for name in own {
            headers.remove(name);
        }
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        put(headers, header::ACCESS_CONTROL_ALLOW_ORIGIN, Some(self.origin.clone()));
        put(headers, header::ACCESS_CONTROL_EXPOSE_HEADERS, list(&self.cors.exposed, None));
        let credentials = self.cors.credentials.then(|| HeaderValue::from_static("true"));
        put(headers, header::ACCESS_CONTROL_ALLOW_CREDENTIALS, credentials);
    }
}

/// Any page on the internet can reach this machine, so `*` allows the pages of this machine only.
fn is_loopback(origin: &str) -> bool {
    origin.parse::<Uri>().is_ok_and(|uri| uri.host().is_some_and(|host| LOOPBACK.contains(&host)))
}

/// A list as a header. `*` is what the browser asked for, because with credentials browsers know no wildcard.
fn list(values: &[String], asked: Option<HeaderValue>) -> Option<HeaderValue> {
    match (values, asked) {
        ([], _) => None,
        (values, Some(asked)) if values.iter().any(|value| value == "*") => Some(asked),
        (values, _) => HeaderValue::try_from(values.join(",")).ok(),
    }
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: Option<HeaderValue>) {
    if let Some(value) = value {
        headers.insert(name, value);
    }
}
