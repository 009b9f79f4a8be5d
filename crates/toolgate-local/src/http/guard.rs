//! Protects the loopback port: any page in a browser can reach it, so a request must prove that it is meant for this
//! server.
//!
//! A foreign `Host` (`:authority` in HTTP/2) is a name that was rebound to 127.0.0.1. An `Origin` comes from a page, as
//! does `Sec-Fetch-Site`, which browsers add to every request and no page can change. Such requests are refused, and no
//! response carries a CORS header. The exception is the URL of a function, for pages that the template's `Cors` allows.
//! A link to `/` may be followed from anywhere: that page cannot be framed, and no other page can read it.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Request, State},
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use http::{Method, StatusCode, Version, header, request::Parts};
use serde_json::json;

const SITE: &str = "sec-fetch-site";

/// Whether a page of another origin may send this request.
pub(crate) type Pages = Arc<dyn Fn(&Parts) -> bool + Send + Sync>;

/// Wraps the router in the guard, for a listener on this port. No page of another origin may send a request.
pub(crate) fn protect(router: Router, port: u16) -> Router {
    protect_except(router, port, Arc::new(|_| false))
}

/// Wraps the router in the guard, with an exception for some pages of other origins.
pub(crate) fn protect_except(router: Router, port: u16, pages: Pages) -> Router {
    router.layer(middleware::from_fn_with_state((port, pages), check))
}

async fn check(State((port, pages)): State<(u16, Pages)>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match refusal(&parts, port, &*pages) {
        None => next.run(Request::from_parts(parts, body)).await,
        Some(message) => {
            // Both spellings, because the SDKs of the services behind this guard differ.
            let body = json!({"__type": "AccessDeniedException", "message": message});
            (StatusCode::FORBIDDEN, [("x-amzn-errortype", "AccessDeniedException")], Json(body)).into_response()
        }
    }
}

fn refusal(request: &Parts, port: u16, pages: &dyn Fn(&Parts) -> bool) -> Option<&'static str> {
    let hosts: Vec<_> = request.headers.get_all(header::HOST).iter().collect();
    let authority = request.uri.authority();
    // HTTP/2 names the server in the target, where HTTP/1 has a header.
    let named = if request.version == Version::HTTP_2 {
        hosts.len() <= 1 && (hosts.len() == 1 || authority.is_some())
    } else {
        hosts.len() == 1
    };
    let ours = hosts.iter().all(|host| host.to_str().is_ok_and(|host| is_ours(host, port)));
    let target = authority.is_none_or(|authority| is_ours(authority.as_str(), port));
    if !(named && ours && target) {
        return Some("the `Host` header names another server; use 127.0.0.1 or localhost with this server's port");
    }
    let mut origins = request.headers.get_all(header::ORIGIN).iter();
    let own_origin =
        |origin: &str| origin.strip_prefix("http://").is_some_and(|host| host.contains(':') && is_ours(host, port));
    let own_origins = origins.all(|origin| origin.to_str().is_ok_and(own_origin));
    let mut sites = request.headers.get_all(SITE).iter();
    let own_sites = sites.all(|site| ["none", "same-origin"].iter().any(|own| site == own));
    let own = own_origins && (own_sites || is_visit(request));
    if !(own || pages(request)) {
        return Some("requests from web pages of another origin are refused");
    }
    None
}

/// Whether a user follows a link to the page at `/`, in its own tab.
fn is_visit(request: &Parts) -> bool {
    let is = |name: &str, value: &str| {
        let mut values = request.headers.get_all(name).iter();
        values.next().is_some_and(|first| first == value) && values.next().is_none()
    };
    let reads = request.method == Method::GET && request.uri.path() == "/" && request.uri.query().is_none();
    reads && is("sec-fetch-mode", "navigate") && is("sec-fetch-dest", "document")
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

    fn parts(method: &str, target: &str, version: Version, pairs: &[(&str, &str)]) -> Parts {
        let mut request = http::Request::builder().method(method).uri(target).version(version);
        for (name, value) in pairs {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn refused(pairs: &[(&str, &str)]) -> bool {
        refusal(&parts("GET", "/", Version::HTTP_11, pairs), 8787, &|_| false).is_some()
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
        let host = [("host", "localhost:8787")];
        let at = |target: &str| refusal(&parts("GET", target, Version::HTTP_11, &host), 8787, &|_| false).is_some();
        assert!(at("http://evil.example/") && !at("http://localhost:8787/"));
        let without = parts("GET", "http://localhost:8787/", Version::HTTP_11, &[]);
        assert!(refusal(&without, 8787, &|_| false).is_some(), "HTTP/1.1 needs the header");
    }

    #[test]
    fn the_authority_of_http2_is_a_host() {
        let at = |target: &str, pairs: &[(&str, &str)]| {
            refusal(&parts("GET", target, Version::HTTP_2, pairs), 8787, &|_| false).is_some()
        };
        assert!(!at("http://127.0.0.1:8787/health", &[]));
        assert!(!at("http://127.0.0.1:8787/health", &[("host", "localhost:8787")]));
        assert!(at("http://evil.example:8787/health", &[]));
        assert!(at("http://evil.example:8787/health", &[("host", "localhost:8787")]));
        assert!(at("http://127.0.0.1:8787/health", &[("host", "evil.example:8787")]));
        assert!(at("/health", &[]), "no name at all");
    }

    #[test]
    fn a_page_of_another_site_reaches_nothing_but_the_page_that_a_person_opens() {
        let at = |method: &str, target: &str, more: &[(&str, &str)]| {
            let host = [("host", "localhost:8787")];
            refusal(&parts(method, target, Version::HTTP_11, &[&host, more].concat()), 8787, &|_| false).is_some()
        };
        for site in ["none", "same-origin"] {
            assert!(!at("GET", "/health", &[(SITE, site)]), "{site}");
        }
        let visit = [("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        for site in ["cross-site", "same-site", "Cross-Site", "", "none, none"] {
            let site = [(SITE, site)];
            assert!(at("GET", "/health", &site), "{site:?}");
            assert!(at("GET", "/", &site), "{site:?}: a request that is not a navigation");
            let with_visit = [&site[..], &visit].concat();
            assert!(!at("GET", "/", &with_visit), "{site:?}");
            for (method, target) in
                [("GET", "/health"), ("GET", "/agents"), ("POST", "/"), ("GET", "/?x"), ("HEAD", "/")]
            {
                assert!(at(method, target, &with_visit), "{method} {target}");
            }
            let framed = [&site[..], &[("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")]].concat();
            assert!(at("GET", "/", &framed));
        }
        assert!(at("GET", "/health", &[(SITE, "none"), (SITE, "cross-site")]), "each of them counts");
    }
}
