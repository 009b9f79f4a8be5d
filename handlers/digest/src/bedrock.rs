//! One call of Converse for a digest.
//!
//! The SDK's client retries a busy model by its standard policy. What fails after that comes again with its message.

use aws_sdk_bedrockruntime::{
    Client,
    error::{ProvideErrorMetadata, SdkError},
    operation::converse::{ConverseError, ConverseOutput},
    types::{
        ContentBlock, ConversationRole, GuardrailConfiguration, InferenceConfiguration, Message, StopReason,
        SystemContentBlock,
    },
};
use toolgate::prices::Tokens;

use crate::{
    Result,
    prompt::{self, Prompt},
};

/// A model behind a guardrail.
#[derive(Debug)]
pub(crate) struct Bedrock {
    pub(crate) client: Client,
    pub(crate) model: String,
    pub(crate) output_tokens: u32,
    pub(crate) guardrail: GuardrailConfiguration,
}

/// What the model said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) text: String,
    pub(crate) stop: Stop,
    pub(crate) tokens: Tokens,
}

/// Why the model stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// The answer is complete.
    End,
    /// The limit of tokens.
    Length,
    /// The guardrail blocked or changed something.
    Guardrail,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) struct AskError {
    pub(crate) cause: String,
    /// Whether a model may have run, so that its tokens are paid.
    pub(crate) is_begun: bool,
}

impl Bedrock {
    /// Asks the model once.
    ///
    /// # Errors
    /// The model is busy or not there, or its answer has another form.
    pub(crate) async fn ask(&self, prompt: &Prompt) -> std::result::Result<Said, AskError> {
        let begun = |cause: String| AskError { cause, is_begun: true };
        let message = Message::builder()
            .role(ConversationRole::User)
            .content(ContentBlock::Text(prompt.text().to_owned()))
            .build()
            .map_err(|error| AskError { cause: error.to_string(), is_begun: false })?;
        let most = i32::try_from(self.output_tokens).unwrap_or(i32::MAX);
        let call = self
            .client
            .converse()
            .model_id(&self.model)
            .system(SystemContentBlock::Text(prompt::instructions()))
            .messages(message)
            .inference_config(InferenceConfiguration::builder().max_tokens(most).temperature(0.0).build())
            .guardrail_config(self.guardrail.clone());
        let output = call.send().await.map_err(|error| AskError { cause: code(&error), is_begun: is_begun(&error) })?;
        Said::of(&output).map_err(begun)
    }
}

impl Said {
    fn of(output: &ConverseOutput) -> Result<Self> {
        let stop = match output.stop_reason() {
            StopReason::EndTurn | StopReason::StopSequence => Stop::End,
            StopReason::MaxTokens => Stop::Length,
            StopReason::GuardrailIntervened | StopReason::ContentFiltered => Stop::Guardrail,
            other => return Err(format!("the model stopped for another reason: {}", other.as_str())),
        };
        let usage = output.usage().ok_or("the model reported no tokens, so its cost is not known")?;
        let count = |tokens: i32| u64::try_from(tokens).unwrap_or_default();
        let tokens = Tokens {
            input: count(usage.input_tokens()),
            output: count(usage.output_tokens()),
            cache_read: count(usage.cache_read_input_tokens().unwrap_or_default()),
            cache_write: count(usage.cache_write_input_tokens().unwrap_or_default()),
        };
        let message = output.output().and_then(|output| output.as_message().ok());
        let content = message.ok_or("the model's answer has no message")?.content();
        let text: Vec<_> = content.iter().filter_map(|block| block.as_text().ok()).map(String::as_str).collect();
        Ok(Self { text: text.join("\n"), stop, tokens })
    }
}

/// Whether a model may have run. A refusal of the service comes before that.
fn is_begun(error: &SdkError<ConverseError>) -> bool {
    match error.as_service_error() {
        Some(error) => {
            !(error.is_throttling_exception()
                || error.is_access_denied_exception()
                || error.is_validation_exception()
                || error.is_resource_not_found_exception()
                || error.is_service_unavailable_exception()
                || error.is_model_not_ready_exception())
        }
        None => !matches!(error, SdkError::ConstructionFailure(_)),
    }
}

/// The code of an error. Its message may quote the prompt.
fn code(error: &SdkError<ConverseError>) -> String {
    format!("the model cannot be asked: {}", error.code().unwrap_or("no answer"))
}
