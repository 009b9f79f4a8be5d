//! The metadata of a protected resource (RFC 9728), which an OAuth client looks for after a refusal.
//!
//! AWS renames the header `WWW-Authenticate` of a function's reply, so a client finds the metadata by its well-known
//! path only: with the path of the endpoint, and without it.

use serde_json::{Value, json};

use super::{
    http::{self, HttpEvent},
    settings::McpSettings,
};

pub(super) const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// The reply to a request for the metadata. `None` for another path, or where the deployment names no issuer.
pub(super) fn reply(http: &HttpEvent, settings: &McpSettings) -> Option<Value> {
    // a named stage of an HTTP API is part of the path
    let (stage, endpoint) = http.path.split_once(WELL_KNOWN)?;
    if http.method != "GET" || settings.issuers.is_empty() || !(endpoint.is_empty() || endpoint.starts_with('/')) {
        return None;
    }
    let own = || format!("https://{}{stage}{endpoint}", http.domain);
    let mut metadata = json!({
        "resource": settings.resource.clone().unwrap_or_else(own),
        "authorization_servers": settings.issuers,
        "bearer_methods_supported": ["header"],
    });
    if let (Some(members), false) = (metadata.as_object_mut(), settings.scopes.is_empty()) {
        members.insert("scopes_supported".to_owned(), settings.scopes.clone().into());
    }
    Some(http::response(200, &[], &metadata))
}
