//! The keys of an identity provider: found by its discovery URL, kept for an hour, and fetched again for a key that is
//! not known.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use reqwest::{Url, redirect::Policy};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use tokio::sync::Mutex;
use toolgate_token::{Expected, TokenError, TokenKeys};

/// The time after which the keys are fetched again.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// The time for which keys are used if they cannot be fetched again.
const USABLE: Duration = Duration::from_secs(24 * 60 * 60);
/// The shortest time between two fetches, so that nobody can cause one per request with invented keys.
const BETWEEN: Duration = Duration::from_secs(30);
const TIMEOUT: Duration = Duration::from_secs(5);
/// The most bytes of a document of the provider.
const DOCUMENT_BYTES: usize = 256 * 1024;

/// Why a token is not verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeysError {
    /// The token is rejected.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// There are no keys, because the provider cannot be reached or its documents cannot be read.
    #[error("the keys of the identity provider cannot be read")]
    Unavailable,
}

/// Where an identity provider's keys come from.
#[derive(Debug)]
pub struct KeySource {
    discovery: Url,
    client: reqwest::Client,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    current: Option<Arc<Provider>>,
    fetched: Option<Instant>,
    tried: Option<Instant>,
}

/// A provider's issuer and keys.
#[derive(Debug)]
struct Provider {
    issuer: String,
    keys: TokenKeys,
}

/// The part of a discovery document that is used.
#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    jwks_uri: String,
}

impl KeySource {
    /// The keys that the document at `discovery` names. They are fetched at the first token.
    ///
    /// # Errors
    /// The URL is not `https://`, or `http://` on this machine.
    pub fn new(discovery: &str) -> Result<Self, String> {
        let discovery = url(discovery).ok_or_else(|| format!("`{discovery}` is not an https:// address"))?;
        let client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            // a redirect could lead to another host
            .redirect(Policy::none())
            .build()
            .map_err(|error| error.to_string())?;
        Ok(Self { discovery, client, state: Mutex::default() })
    }

    /// Verifies a token of this provider and returns its claims.
    ///
    /// # Errors
    /// The token is rejected, or there are no keys.
    pub async fn verify(&self, token: &str, expected: &Expected) -> Result<Map<String, Value>, KeysError> {
        let provider = self.provider(false).await.ok_or(KeysError::Unavailable)?;
        match provider.verify(token, expected) {
            // the provider may have a new key
            Err(TokenError::Key) => {
                let provider = self.provider(true).await.ok_or(KeysError::Unavailable)?;
                Ok(provider.verify(token, expected)?)
            }
            verified => Ok(verified?),
        }
    }

    /// The provider. It is fetched if it is not fresh, or if `anew` and the last try is long enough ago.
    async fn provider(&self, anew: bool) -> Option<Arc<Provider>> {
        let mut state = self.state.lock().await;
        let age = state.fetched.map(|at| at.elapsed());
        let is_stale = anew || age.is_none_or(|age| age >= FRESH);
        // a provider that has never answered is asked by every request, of which each waits for the one before
        let may_ask = state.current.is_none() || state.tried.is_none_or(|at| at.elapsed() >= BETWEEN);
        if is_stale && may_ask {
            state.tried = Some(Instant::now());
            match self.fetch().await {
                Ok(provider) => {
                    state.current = Some(Arc::new(provider));
                    state.fetched = Some(Instant::now());
                }
                Err(reason) => tracing::error!(reason, "the keys of the identity provider cannot be read"),
            }
        }
        let is_usable = state.fetched.is_some_and(|at| at.elapsed() < USABLE);
        state.current.clone().filter(|_| is_usable)
    }

    async fn fetch(&self) -> Result<Provider, &'static str> {
        let found: Discovery = self.document(self.discovery.clone()).await?;
        let jwks = url(&found.jwks_uri).ok_or("`jwks_uri` of the discovery document is not an https:// address")?;
        let keys: Value = self.document(jwks).await?;
        let keys = TokenKeys::from_text(&keys.to_string()).map_err(|_| "the JWKS has no usable key")?;
        match found.issuer.is_empty() {
            true => Err("the discovery document has no issuer"),
            false => Ok(Provider { issuer: found.issuer, keys }),
        }
    }

    async fn document<T: DeserializeOwned>(&self, url: Url) -> Result<T, &'static str> {
        let mut response = self.client.get(url).send().await.map_err(|_| "the provider does not answer")?;
        if !response.status().is_success() {
            return Err("the provider answers with an error or a redirect");
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|_| "the provider's answer is cut")? {
            if body.len() + chunk.len() > DOCUMENT_BYTES {
                return Err("a document of the provider is larger than 256 KB");
            }
            body.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&body).map_err(|_| "a document of the provider is not of its form")
    }
}

impl Provider {
    fn verify(&self, token: &str, expected: &Expected) -> Result<Map<String, Value>, TokenError> {
        let expected = Expected { issuer: Some(self.issuer.clone()), ..expected.clone() };
        self.keys.verify(token, &expected)
    }
}

/// An address whose answers nobody on the way can change.
fn url(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let is_here = matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
    (url.scheme() == "https" || url.scheme() == "http" && is_here).then_some(url)
}
