//! `bedrock:`: a real model behind Amazon Bedrock's Converse API, or a stand-in with the same API.
//!
//! Only this client uses real AWS credentials; the functions under test never get them.

mod convert;
mod failure;
mod request;
mod stream;

use std::time::Duration;

use aws_sdk_bedrockruntime::{
    Client,
    config::{
        BehaviorVersion, Config, ProvideCredentials, Region, SharedCredentialsProvider, retry::RetryConfig,
        timeout::TimeoutConfig,
    },
    types::TokenUsage,
};
use aws_smithy_http_client::tls;
use futures_util::future::BoxFuture;

use crate::{
    answer::{self, Mode, StreamWriter, Write},
    message::{ModelReply, ModelRequest, Usage},
    model::{Model, ModelError, ModelErrorKind},
    retry::{AttemptError, RetryPolicy, retry},
};

/// Replaces the credentials if it is set.
const BEARER: &str = "AWS_BEARER_TOKEN_BEDROCK";
/// Timeout for the credentials. Single sign-on calls a server, and the EC2 metadata service does not answer on other
/// machines.
const CREDENTIALS: Duration = Duration::from_secs(20);
/// Timeout for the connection. A reachable service accepts it at once.
const CONNECT: Duration = Duration::from_secs(10);

/// A model of Amazon Bedrock. Uses Converse, or ConverseStream if the answer is streamed.
#[derive(Debug, Clone)]
pub struct BedrockModel {
    client: Client,
    /// The model id or ARN. Without one, each agent uses its own foundation model.
    model_id: Option<String>,
    retry_policy: RetryPolicy,
    /// The credentials of the environment, for the check whether they exist.
    credentials: Option<SharedCredentialsProvider>,
}

impl BedrockModel {
    /// A model with the environment's AWS configuration: credentials, region, and `AWS_ENDPOINT_URL_BEDROCK_RUNTIME`.
    /// An empty id selects each agent's own foundation model.
    pub async fn from_env(model_id: &str) -> Self {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
            .build_https();
        let config = aws_config::defaults(BehaviorVersion::latest()).http_client(http).load().await;
        let mut service = aws_sdk_bedrockruntime::config::Builder::from(&config);
        if config.region().is_none() {
            service = service.region(Region::from_static("us-east-1"));
        }
        let bearer = std::env::var_os(BEARER).is_some_and(|token| !token.is_empty());
        let credentials = config.credentials_provider().filter(|_| !bearer);
        Self { credentials, ..Self::new(Client::from_conf(service.build()), model_id) }
    }

    /// A model with a custom client. The client's retries and timeouts are not used; [`RetryPolicy`] replaces them.
    #[must_use]
    pub fn new(client: Client, model_id: &str) -> Self {
        let model_id = (!model_id.is_empty()).then(|| model_id.to_owned());
        Self { client, model_id, retry_policy: RetryPolicy::default(), credentials: None }
    }

    /// Sets the timeouts and the retries.
    #[must_use]
    pub fn retry_policy(mut self, retry_policy: RetryPolicy) -> Self {
        self.retry_policy = retry_policy;
        self
    }

    fn id<'a>(&'a self, foundation_model: &'a str) -> &'a str {
        self.model_id.as_deref().unwrap_or(foundation_model)
    }

    async fn ask(&self, request: ModelRequest<'_>, write: Option<Write<'_>>) -> Result<ModelReply, ModelError> {
        let id = self.id(request.foundation_model);
        if id.is_empty() {
            return Err(ModelError::new(
                ModelErrorKind::Invalid,
                format!(
                    "agent `{}` has no foundation model: set `FoundationModel` in the template, or use `bedrock:<model id>`",
                    request.agent
                ),
            ));
        }
        let parts = request::Parts::of(&request, id)?;
        let mode = Mode::of(&request);
        let writer = StreamWriter::new(write);
        retry(&self.retry_policy, id, &writer, async || match write {
            None => self.whole(parts.clone(), id, mode).await,
            Some(_) => stream::answer(self, parts.clone(), id, mode, &writer).await,
        })
        .await
    }

    async fn whole(&self, parts: request::Parts, id: &str, mode: Mode) -> Result<ModelReply, AttemptError> {
        let call = parts.converse(self.client.converse().model_id(id)).customize().config_override(self.settings());
        let sent = tokio::time::timeout(self.retry_policy.idle_timeout, call.send()).await;
        let answer = sent
            .map_err(|_| AttemptError::timed_out(id, self.retry_policy.idle_timeout))?
            .map_err(|error| failure::explain(&error, id))?;
        let message = answer.output.and_then(|output| output.as_message().ok().cloned());
        let content = message.map(|message| convert::content_from_sdk(message.content)).unwrap_or_default();
        let usage = usage(answer.usage.as_ref());
        Ok(answer::settle(ModelReply { content, stop: convert::stop_from_sdk(&answer.stop_reason), usage }, mode))
    }

    /// The SDK makes one attempt per call, because this crate counts and logs the attempts.
    fn settings(&self) -> aws_sdk_bedrockruntime::config::Builder {
        Config::builder()
            .retry_config(RetryConfig::disabled())
            .timeout_config(TimeoutConfig::builder().connect_timeout(CONNECT).build())
    }
}

fn usage(reported: Option<&TokenUsage>) -> Usage {
    reported.map_or_else(Usage::default, |usage| Usage {
        input_tokens: usage.input_tokens.try_into().unwrap_or_default(),
        output_tokens: usage.output_tokens.try_into().unwrap_or_default(),
    })
}

impl Model for BedrockModel {
    fn converse<'a>(
        &'a self,
        request: ModelRequest<'a>,
        write: Option<Write<'a>>,
    ) -> BoxFuture<'a, Result<ModelReply, ModelError>> {
        Box::pin(self.ask(request, write))
    }

    fn stream_hint(&self) -> Option<&'static str> {
        Some(answer::HINT)
    }

    fn check(&self) -> BoxFuture<'_, Result<(), String>> {
        Box::pin(async {
            let Some(credentials) = &self.credentials else { return Ok(()) };
            let found = tokio::time::timeout(CREDENTIALS, credentials.provide_credentials()).await;
            let reason = match found {
                Ok(Ok(_)) => return Ok(()),
                Ok(Err(error)) => error.to_string(),
                Err(_) => format!("none within {} s", CREDENTIALS.as_secs()),
            };
            Err(format!(
                "the model `bedrock:` needs AWS credentials, and there are none ({reason}): log in, such as with \
                 `aws sso login`, or set AWS_PROFILE, or choose another model with `--model`"
            ))
        })
    }

    fn label(&self, foundation_model: &str) -> String {
        format!("bedrock:{}", self.id(foundation_model))
    }
}
