//! The settings of the mcp wire: what a deployment declares about its endpoint and its clients.

use crate::{config, error::Error};

/// The settings of the [mcp wire](crate::Wire::Mcp); see [`Service::mcp`](crate::Service::mcp).
///
/// [`run`](crate::run) reads them from `TOOLGATE_MCP_ISSUER`, `TOOLGATE_MCP_RESOURCE`, `TOOLGATE_MCP_SCOPES` and
/// `TOOLGATE_MCP_ELICIT`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[must_use]
pub struct McpSettings {
    pub(crate) issuers: Vec<String>,
    pub(crate) resource: Option<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) elicit: bool,
}

impl McpSettings {
    /// Sets the authorization servers whose tokens the endpoint's authorizer accepts. The endpoint then serves the
    /// metadata of a protected resource at `/.well-known/oauth-protected-resource`.
    pub fn issuers<P: Into<String>>(mut self, issuers: impl IntoIterator<Item = P>) -> Self {
        self.issuers = issuers.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the URL of the endpoint, as the authorization server names it in a token's audience. The default is the URL
    /// under which the metadata was requested.
    pub fn resource(mut self, url: impl Into<String>) -> Self {
        self.resource = Some(url.into());
        self
    }

    /// Sets the scopes that the metadata lists.
    pub fn scopes<P: Into<String>>(mut self, scopes: impl IntoIterator<Item = P>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Trusts every client to ask a person. A `.confirm(..)` tool then asks by elicitation, where the client supports
    /// it, and the client's yes counts as the person's. Any client without a person can answer by itself, so the
    /// default is off: the call is parked as an approval.
    pub fn trust_clients_to_ask(mut self, trusted: bool) -> Self {
        self.elicit = trusted;
        self
    }

    /// The settings of the environment.
    pub(crate) fn from_env() -> Result<Self, Error> {
        let elicit = match config::text(config::MCP_ELICIT)?.as_deref() {
            None | Some("off") => false,
            Some("trusted") => true,
            Some(other) => {
                return Err(format!("{} must be `off` or `trusted`, not `{other}`", config::MCP_ELICIT).into());
            }
        };
        let urls = |name: &str| -> Result<Vec<String>, Error> {
            let urls: Vec<String> = config::list(name)?.unwrap_or_default();
            match urls.iter().find(|url| !is_url(url)) {
                Some(other) => Err(format!("{name} must be a URL that begins with `https://`, not `{other}`").into()),
                None => Ok(urls),
            }
        };
        Ok(Self {
            issuers: urls(config::MCP_ISSUER)?,
            resource: urls(config::MCP_RESOURCE)?.pop(),
            scopes: config::list(config::MCP_SCOPES)?.unwrap_or_default(),
            elicit,
        })
    }
}

/// `http://` is for tests on one machine.
fn is_url(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace))
}
