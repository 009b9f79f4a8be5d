//! `bedrock:`: a real model behind Amazon Bedrock's Converse API, or a stand-in that speaks it.
//!
//! Only this client sees real AWS credentials; the functions under test never do.

mod convert;
mod failure;

use aws_sdk_bedrockruntime::{
    Client,
    config::{BehaviorVersion, Region, retry::RetryConfig},
    types::{StopReason as Stop, SystemContentBlock, ToolConfiguration},
};
use aws_smithy_http_client::tls;
use futures_util::future::BoxFuture;

use super::{Model, ModelError, ModelErrorKind, ModelReply, ModelRequest, StopReason, Usage};

/// Five tries in all: a throttled account recovers within seconds, and the person waits.
const ATTEMPTS: u32 = 5;

/// A model of Amazon Bedrock, reached by Converse.
#[derive(Debug, Clone)]
pub struct BedrockModel {
    client: Client,
    /// The model id or ARN; without one each agent uses its own foundation model.
    model_id: Option<String>,
}

impl BedrockModel {
    /// A model reached with the environment's AWS configuration: credentials, region,
    /// and `AWS_ENDPOINT_URL_BEDROCK_RUNTIME`. An empty id stands for each agent's own foundation model.
    pub async fn from_env(model_id: &str) -> Self {
        let http = aws_smithy_http_client::Builder::new()
            .tls_provider(tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring))
            .build_https();
        let config = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http)
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .load()
            .await;
        let mut service = aws_sdk_bedrockruntime::config::Builder::from(&config);
        if config.region().is_none() {
            service = service.region(Region::from_static("us-east-1"));
        }
        Self::new(Client::from_conf(service.build()), model_id)
    }

    /// A model reached with a client of one's own.
    #[must_use]
    pub fn new(client: Client, model_id: &str) -> Self {
        Self { client, model_id: (!model_id.is_empty()).then(|| model_id.to_owned()) }
    }

    fn id<'a>(&'a self, foundation_model: &'a str) -> &'a str {
        self.model_id.as_deref().unwrap_or(foundation_model)
    }

    async fn ask(&self, request: ModelRequest<'_>) -> Result<ModelReply, ModelError> {
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
        let messages = request.messages.iter().map(convert::message_to_sdk).collect::<Result<Vec<_>, _>>()?;
        let mut call = self.client.converse().model_id(id).set_messages(Some(messages));
        if !request.system.is_empty() {
            call = call.system(SystemContentBlock::Text(request.system.to_owned()));
        }
        if !request.tools.is_empty() {
            let tools = request.tools.iter().map(convert::tool_to_sdk).collect::<Result<Vec<_>, _>>()?;
            let config = ToolConfiguration::builder().set_tools(Some(tools)).build().map_err(convert::unbuildable)?;
            call = call.tool_config(config);
        }
        let answer = call.send().await.map_err(|error| failure::explain(&error, id))?;
        let usage = answer.usage.as_ref().map_or_else(Usage::default, |usage| Usage {
            input_tokens: usage.input_tokens.try_into().unwrap_or_default(),
            output_tokens: usage.output_tokens.try_into().unwrap_or_default(),
        });
        let stop = match &answer.stop_reason {
            Stop::EndTurn | Stop::StopSequence => StopReason::EndTurn,
            Stop::ToolUse => StopReason::ToolUse,
            Stop::MaxTokens => StopReason::MaxTokens,
            Stop::GuardrailIntervened | Stop::ContentFiltered => StopReason::Guardrail,
            Stop::ModelContextWindowExceeded => StopReason::ContextFull,
            Stop::MalformedModelOutput | Stop::MalformedToolUse => StopReason::Malformed,
            other => StopReason::Other(other.as_str().to_owned()),
        };
        let message = answer.output.and_then(|output| output.as_message().ok().cloned());
        let content = message.map(|message| convert::content_from_sdk(message.content)).unwrap_or_default();
        Ok(ModelReply { content, stop, usage })
    }
}

impl Model for BedrockModel {
    fn converse<'a>(&'a self, request: ModelRequest<'a>) -> BoxFuture<'a, Result<ModelReply, ModelError>> {
        Box::pin(self.ask(request))
    }

    fn label(&self, foundation_model: &str) -> String {
        format!("bedrock:{}", self.id(foundation_model))
    }
}
