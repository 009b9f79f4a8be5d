//! `openai:<base url>#<model>`: any server with OpenAI's chat completions API, including one on this machine.
//!
//! Servers omit some fields and add others. Requests therefore follow the published schema (the tests check them
//! against `async-openai`'s types), and responses are parsed leniently, only as far as an agent needs them.
//! `async-openai`'s own client is not used, because its types reject responses with a field or a reason that OpenAI
//! does not have.

mod address;
mod answer;
mod compatibility;
mod failure;
mod request;
mod stream;

use std::{fmt, sync::Arc, time::Duration};

use futures_util::future::BoxFuture;

pub use address::AddressError;

use self::{address::Address, compatibility::Compatibility};
use crate::{
    answer::{self as final_answer, Mode, StreamWriter, Write},
    message::{ModelReply, ModelRequest},
    model::{Model, ModelError},
    retry::{AttemptError, RetryPolicy, retry},
};

/// The only variable that a key is read from.
const KEY: &str = "OPENAI_API_KEY";
const CONNECT: Duration = Duration::from_secs(10);

/// A model behind OpenAI's chat completions API.
#[derive(Clone)]
pub struct OpenAiModel {
    http: reqwest::Client,
    address: Address,
    compatibility: Arc<Compatibility>,
    key: Option<String>,
    retry_policy: RetryPolicy,
}

/// The key is left out.
impl fmt::Debug for OpenAiModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenAiModel").field("address", &self.address).finish_non_exhaustive()
    }
}

impl OpenAiModel {
    /// A model from `<base url>#<model>`. Uses the key in `OPENAI_API_KEY` if it is set.
    ///
    /// # Errors
    /// [`AddressError`] if the address is not valid.
    pub fn from_env(address: &str) -> Result<Self, AddressError> {
        let model = Self::new(address)?;
        let key = std::env::var(KEY).ok().filter(|key| !key.trim().is_empty());
        Ok(match key {
            Some(_) if !model.address.keeps_secrets() => {
                tracing::warn!("{KEY} is not sent to `{}`: it would be readable on its way; use https", model.address);
                model
            }
            Some(key) => model.key(key),
            None => model,
        })
    }

    /// A model from `<base url>#<model>`, without a key.
    ///
    /// # Errors
    /// [`AddressError`] if the address is not valid.
    pub fn new(address: &str) -> Result<Self, AddressError> {
        let address = Address::parse(address)?;
        // No redirects: the conversation and the key are for this server only.
        let http = reqwest::Client::builder().connect_timeout(CONNECT).redirect(reqwest::redirect::Policy::none());
        let http = if address.is_here() { http.no_proxy() } else { http };
        let http = http.build().map_err(|_| AddressError::Client)?;
        let compatibility = Arc::new(Compatibility::of(&address));
        Ok(Self { http, address, compatibility, key: None, retry_policy: RetryPolicy::default() })
    }

    /// Sets the key. It is sent only to this server, as a bearer token.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into().trim().to_owned());
        self
    }

    /// Sets the timeouts and the retries.
    #[must_use]
    pub fn retry_policy(mut self, retry_policy: RetryPolicy) -> Self {
        self.retry_policy = retry_policy;
        self
    }

    async fn ask(&self, request: ModelRequest<'_>, write: Option<Write<'_>>) -> Result<ModelReply, ModelError> {
        let body = || request::body(&request, &self.address, &self.compatibility, write.is_some()).to_string();
        let mode = Mode::of(&request);
        let writer = StreamWriter::new(write);
        retry(&self.retry_policy, &self.address.model, &writer, async || {
            let response = self.send(&body).await?;
            if write.is_some() && stream::is_one(&response) {
                return stream::read(response, &self.address, self.retry_policy.idle_timeout, mode, &writer).await;
            }
            // A server that cannot stream ignores the request for a stream.
            let text = self.within(response.text()).await?;
            answer::read(&text, &self.address, mode)
        })
        .await
    }

    /// Sends the request. If the server rejects a field, renames or omits the field in this and all later requests.
    async fn send(&self, body: &(dyn Fn() -> String + Sync)) -> Result<reqwest::Response, AttemptError> {
        loop {
            let sent = body();
            let mut call = self.http.post(self.address.url.clone()).header("content-type", "application/json");
            if let Some(key) = &self.key {
                call = call.bearer_auth(key);
            }
            let response = self.within(call.body(sent.clone()).send()).await?;
            if response.status().is_success() {
                return Ok(response);
            }
            let (status, headers) = (response.status(), response.headers().clone());
            let text = self.within(response.text()).await.unwrap_or_default();
            // Only if the next request differs, so that the loop ends.
            if matches!(status.as_u16(), 400 | 422) && self.compatibility.learn(&text) && body() != sent {
                continue;
            }
            return Err(failure::refused(status, &headers, &text, &self.address, self.key.as_deref()));
        }
    }

    async fn within<T>(&self, work: impl Future<Output = reqwest::Result<T>>) -> Result<T, AttemptError> {
        let done = tokio::time::timeout(self.retry_policy.idle_timeout, work).await;
        let done = done.map_err(|_| AttemptError::timed_out(&self.address.model, self.retry_policy.idle_timeout))?;
        done.map_err(|error| failure::unreachable(&error, &self.address))
    }
}

impl Model for OpenAiModel {
    fn converse<'a>(
        &'a self,
        request: ModelRequest<'a>,
        write: Option<Write<'a>>,
    ) -> BoxFuture<'a, Result<ModelReply, ModelError>> {
        Box::pin(self.ask(request, write))
    }

    fn stream_hint(&self) -> Option<&'static str> {
        Some(final_answer::HINT)
    }

    fn label(&self, _foundation_model: &str) -> String {
        format!("openai:{}", self.address)
    }
}
