//! Any page in a browser can reach a loopback port, so a request has to show that it means this server.
//!
//! A foreign `Host` is a name that was rebound to 127.0.0.1; an `Origin` is a page. Neither is answered, and no
//! response carries a CORS header.

use axum::{
    Json, Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, StatusCode, Uri, header};
use serde_json::json;

/// The router behind the guard, for a listener on this port.
pub(crate) fn protect(router: Router, port: u16) -> Router {
    router.layer(middleware::from_fn_with_state(port, check))
}

async fn check(State(port): State<u16>, request: Request, next: Next) -> Response {
    match refusal(request.uri(), request.headers(), port) {
        None => next.run(request).await,
        Some(message) => {
            // Both spellings, since the SDKs of the services behind this guard differ.
            let body = json!({"__type": "AccessDeniedException", "message": message});
            (StatusCode::FORBIDDEN, [("x-amzn-errortype", "AccessDeniedException")], Json(body)).into_response()
        }
    }
}

fn refusal(uri: &Uri, headers: &HeaderMap, port: u16) -> Option<&'static str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let ours =
        matches!((hosts.next().map(|host| host.to_str()), hosts.next()), (Some(Ok(host)), None) if is_ours(host, port));
    let target = uri.authority().is_none_or(|authority| is_ours(authority.as_str(), port));
    if !ours || !target {
        return Some("the `Host` header names another server; use 127.0.0.1 or localhost with this server's port");
    }
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let own_origin =
        |origin: &str| origin.strip_prefix("http://").is_some_and(|host| host.contains(':') && is_ours(host, port));
    if !origins.all(|origin| origin.to_str().is_ok_and(own_origin)) {
        return Some("requests from web pages of another origin are refused");
    }
    None
}

fn is_ours(authority: &str, port: u16) -> bool {
    let (name, given) = match authority.rsplit_once(':') {
        Some((name, digits)) if !digits.ends_with(']') => (name, digits.parse::<u16>().ok()),
        _ => (authority, Some(port)),
    };
    given == Some(port) && (["127.0.0.1", "[::1]"].contains(&name) || name.eq_ignore_ascii_case("localhost"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(pairs: &[(&str, &str)]) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(name.parse::<header::HeaderName>().unwrap(), value.parse().unwrap());
        }
        refusal(&Uri::from_static("/"), &map, 8787).is_some()
    }

    #[test]
    fn only_this_servers_own_names_are_a_host() {
        for host in ["127.0.0.1:8787", "localhost:8787", "LocalHost:8787", "[::1]:8787", "localhost", "[::1]"] {
            assert!(!refused(&[("host", host)]), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:8787",
            "localhost:80",
            "localhost:8787x",
            "localhost.evil.example:8787",
            "127.0.0.1.evil.example:8787",
            "127.0.0.2:8787",
            "user@127.0.0.1:8787",
            "0.0.0.0:8787",
            "",
        ] {
            assert!(refused(&[("host", host)]), "{host}");
        }
        assert!(refused(&[]), "a request without a host");
        assert!(refused(&[("host", "localhost:8787"), ("host", "evil.example")]));
    }

    #[test]
    fn only_this_servers_own_pages_are_an_origin() {
        let with = |origin: &str| refused(&[("host", "localhost:8787"), ("origin", origin)]);
        for origin in ["http://localhost:8787", "http://127.0.0.1:8787"] {
            assert!(!with(origin), "{origin}");
        }
        for origin in
            ["null", "", "http://localhost", "https://localhost:8787", "http://localhost:3000", "http://evil.example"]
        {
            assert!(with(origin), "{origin}");
        }
    }

    #[test]
    fn an_absolute_target_counts_as_well() {
        let headers = HeaderMap::from_iter([(header::HOST, header::HeaderValue::from_static("localhost:8787"))]);
        assert!(refusal(&Uri::from_static("http://evil.example/"), &headers, 8787).is_some());
        assert!(refusal(&Uri::from_static("http://localhost:8787/"), &headers, 8787).is_none());
    }
}
