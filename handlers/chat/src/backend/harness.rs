//! An AgentCore harness: InvokeHarness.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_bedrockagentcore::{
    Client,
    config::{Builder, StalledStreamProtectionConfig, retry::RetryConfig},
    error::{BuildError, SdkError},
    operation::invoke_harness::{InvokeHarnessError, InvokeHarnessOutput},
    types::{
        HarnessContentBlock, HarnessConversationRole, HarnessMessage, HarnessRemoteMcpConfig, HarnessTool,
        HarnessToolConfiguration, HarnessToolType, ValidationExceptionReason, error::InvokeHarnessStreamOutputError,
    },
};
use tokio::sync::mpsc::Sender;

use super::{Backoff, Reason, Token, Turn, TurnError, events::Events, report};
use crate::{event::What, money::End, progress::Progress};

/// The name of the gateway among the tools of an invocation.
const DESK: &str = "desk";

/// The limits of one invocation, beside the budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HarnessLimits {
    /// The most tokens that a model may write.
    pub output_tokens: u32,
    /// The longest invocation.
    pub timeout: Duration,
}

/// An AgentCore harness.
#[derive(Debug, Clone)]
pub struct HarnessBackend {
    client: Client,
    arn: String,
    endpoint: Option<String>,
    gateway: Option<String>,
    model: Option<String>,
    limits: HarnessLimits,
    backoff: Backoff,
}

impl HarnessBackend {
    /// A harness by its ARN. The SDK's own retries are off, since a turn that has begun must not be repeated, and so is its
    /// protection against stalled streams, since models take their time.
    pub fn new(config: &SdkConfig, arn: impl Into<String>, limits: HarnessLimits) -> Self {
        let config = Builder::from(config)
            .retry_config(RetryConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        let client = Client::from_conf(config.build());
        let (endpoint, gateway, model) = (None, None, None);
        Self { client, arn: arn.into(), endpoint, gateway, model, limits, backoff: Backoff::default() }
    }

    /// Uses another endpoint than the default one.
    #[must_use]
    pub fn with_endpoint(self, endpoint: Option<String>) -> Self {
        Self { endpoint, ..self }
    }

    /// The URL of the gateway that takes customers' tokens. A turn with a token is refused without it.
    #[must_use]
    pub fn with_gateway(self, gateway: Option<String>) -> Self {
        Self { gateway, ..self }
    }

    /// The only model of the harness. The stream does not name it; without it, each model turn counts as one of the dearest
    /// model.
    #[must_use]
    pub fn with_model(self, model: Option<String>) -> Self {
        Self { model, ..self }
    }

    /// Uses other waits.
    #[must_use]
    pub fn with_backoff(self, backoff: Backoff) -> Self {
        Self { backoff, ..self }
    }

    pub(super) async fn turn(&self, turn: Turn, progress: &Sender<Progress>) -> Result<End, TurnError> {
        // a harness parks calls and asks nothing
        let What::Text(text) = &turn.what else { return Err(TurnError::not_begun(Reason::InvalidAnswers)) };
        let tools = turn.token.as_ref().map(|token| self.tools(token)).transpose()?;
        let mut attempts = self.backoff.attempts();
        loop {
            let result = self.attempt(&turn, text, tools.clone(), progress).await;
            if !attempts.again(&result, progress).await {
                return result;
            }
        }
    }

    /// The gateway, called with the customer's own token. Its tools replace all others, which act as the harness.
    fn tools(&self, Token(token): &Token) -> Result<HarnessTool, TurnError> {
        let refused = || {
            tracing::warn!("a customer's token cannot go on to the tools: set the URL of the gateway");
            TurnError::not_begun(Reason::Refused)
        };
        let url = self.gateway.as_ref().ok_or_else(refused)?;
        let remote = HarnessRemoteMcpConfig::builder().url(url).headers("Authorization", format!("Bearer {token}"));
        let tool = remote.build().and_then(|remote| {
            HarnessTool::builder()
                .r#type(HarnessToolType::RemoteMcp)
                .name(DESK)
                .config(HarnessToolConfiguration::RemoteMcp(remote))
                .build()
        });
        tool.map_err(unbuilt)
    }

    async fn attempt(
        &self,
        turn: &Turn,
        text: &str,
        tool: Option<HarnessTool>,
        progress: &Sender<Progress>,
    ) -> Result<End, TurnError> {
        let message = HarnessMessage::builder()
            .role(HarnessConversationRole::User)
            .content(HarnessContentBlock::Text(text.to_owned()))
            .build()
            .map_err(unbuilt)?;
        let allowed = tool.is_some().then(|| vec![format!("@{DESK}")]);
        let sent = self
            .client
            .invoke_harness()
            .harness_arn(&self.arn)
            .set_qualifier(self.endpoint.clone())
            .runtime_session_id(turn.session.id())
            .actor_id(turn.session.actor())
            .messages(message)
            .set_tools(tool.map(|tool| vec![tool]))
            .set_allowed_tools(allowed)
            .max_tokens(i32::try_from(self.limits.output_tokens).unwrap_or(i32::MAX))
            .timeout_seconds(i32::try_from(self.limits.timeout.as_secs()).unwrap_or(i32::MAX))
            .send()
            .await;
        let output = sent.map_err(|error| {
            let failed = TurnError::before(&error);
            if is_busy(&error) { failed.explained(Reason::SessionBusy) } else { failed }
        })?;
        read(output, self.model.clone(), progress).await
    }
}

/// Whether the session works on another invocation.
fn is_busy<R>(error: &SdkError<InvokeHarnessError, R>) -> bool {
    let Some(InvokeHarnessError::ValidationException(invalid)) = error.as_service_error() else { return false };
    invalid.reason == ValidationExceptionReason::ResourceConflict
}

fn unbuilt(_: BuildError) -> TurnError {
    TurnError::not_begun(Reason::Refused)
}

/// Reads the stream of a turn to its end.
async fn read(
    mut output: InvokeHarnessOutput,
    model: Option<String>,
    progress: &Sender<Progress>,
) -> Result<End, TurnError> {
    let mut events = Events::new(model);
    loop {
        match output.stream.recv().await {
            Ok(Some(event)) => {
                for happened in events.read(event) {
                    report(progress, happened).await;
                }
            }
            Ok(None) => return events.end(),
            // models and tools may have run before the first event
            Err(error) => return Err(TurnError::within(error.as_service_error().map_or("connection", kind))),
        }
    }
}

/// The name of a stream's exception. The SDK gives those no code.
fn kind(error: &InvokeHarnessStreamOutputError) -> &'static str {
    match error {
        InvokeHarnessStreamOutputError::InternalServerException(_) => "InternalServerException",
        InvokeHarnessStreamOutputError::RuntimeClientError(_) => "RuntimeClientError",
        InvokeHarnessStreamOutputError::ValidationException(_) => "ValidationException",
        _ => "unknown",
    }
}
