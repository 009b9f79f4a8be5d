//! One turn with an agent: a message is sent, events are received, and confirmations are answered until there is an answer.

use std::{
    collections::BTreeMap,
    fmt,
    pin::pin,
    time::{Duration, Instant},
};

use aws_sdk_bedrockagentruntime::{
    Client,
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
    operation::invoke_agent::builders::InvokeAgentFluentBuilder,
    types::{
        ActionInvocationType, ApiResult, ConfirmationState, FunctionResult, InvocationInputMember,
        InvocationResultMember, ResponseStream, ReturnControlPayload, SessionState, StreamingConfigurations,
    },
};
use serde_json::Value;

use super::{client::NO_CREDENTIALS, raw::RawTraces};
use crate::failure::Failure;

/// The agent and the session of a turn.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) agent: String,
    pub(crate) alias: String,
    pub(crate) session: String,
    /// Session attributes, such as the identity of the user.
    pub(crate) attributes: BTreeMap<String, String>,
}

/// Receives the events of a turn, and answers its confirmations.
pub(crate) trait TurnObserver {
    /// Whether the answer is streamed while it is written.
    fn wants_stream(&self) -> bool {
        false
    }
    fn text(&mut self, text: &str) -> Result<(), Failure>;
    /// A trace part, as JSON.
    fn trace(&mut self, part: &Value) -> Result<(), Failure>;
    /// Whether the person confirms a call. A call of an agent waits for this; a call of a harness was parked, and its
    /// result said so.
    async fn confirm(&mut self, asked: &ConfirmationRequest) -> Result<bool, Failure>;
    /// No event has arrived for a second; `since` is the time since the message was sent.
    fn waiting(&mut self, _since: Duration) {}
    /// Completes when the person stops waiting.
    async fn interrupted(&mut self) {
        std::future::pending().await
    }
}

/// The person stopped waiting for the answer.
#[derive(Debug, thiserror::Error)]
#[error("stopped waiting; the turn continues at the agent, with the effects of its tools")]
pub(crate) struct Interrupted;

/// A call that needs the confirmation of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConfirmationRequest {
    pub(crate) agent: String,
    pub(crate) tool: String,
    pub(crate) arguments: Vec<(String, String)>,
}

/// Runs a turn to its end.
pub(crate) async fn take<O: TurnObserver>(
    client: &Client,
    target: &Target,
    text: &str,
    observer: &mut O,
) -> Result<(), Failure> {
    let streaming =
        observer.wants_stream().then(|| StreamingConfigurations::builder().stream_final_response(true).build());
    let call = || {
        client
            .invoke_agent()
            .agent_id(&target.agent)
            .agent_alias_id(&target.alias)
            .session_id(&target.session)
            .set_streaming_configurations(streaming.clone())
            .enable_trace(true)
    };
    let began = Instant::now();
    let mut request = call().input_text(text);
    if !target.attributes.is_empty() {
        let attributes = target.attributes.clone().into_iter().collect();
        request = request.session_state(SessionState::builder().set_session_attributes(Some(attributes)).build());
    }
    loop {
        let Some(question) = stream(request, began, observer).await? else { return Ok(()) };
        let mut results = Vec::new();
        for input in question.invocation_inputs() {
            results.push(answer(input, observer).await?);
        }
        let state = SessionState::builder()
            .set_invocation_id(question.invocation_id)
            .set_return_control_invocation_results(Some(results))
            .build();
        request = call().session_state(state);
    }
}

/// Reads one response to its end. Returns its request for a confirmation, if there is one.
async fn stream<O: TurnObserver>(
    request: InvokeAgentFluentBuilder,
    began: Instant,
    observer: &mut O,
) -> Result<Option<ReturnControlPayload>, Failure> {
    let raw = RawTraces::default();
    let sent = request.customize().interceptor(raw.clone()).send();
    let mut output = observed(began, observer, sent).await?.map_err(describe_error)?;
    let mut question = None;
    let mut text = Utf8::default();
    while let Some(event) = observed(began, observer, output.completion.recv()).await?.map_err(describe_error)? {
        match event {
            ResponseStream::Chunk(chunk) => {
                let bytes =
                    chunk.bytes.map(aws_sdk_bedrockagentruntime::primitives::Blob::into_inner).unwrap_or_default();
                observer.text(&text.push(&bytes))?;
            }
            ResponseStream::Trace(_) => observer.trace(&raw.next().unwrap_or_default())?,
            ResponseStream::ReturnControl(payload) => question = Some(payload),
            _ => {}
        }
    }
    Ok(question)
}

/// Waits for `work`, reports the waiting to the observer each second, and ends at an interrupt.
pub(super) async fn observed<O: TurnObserver, T>(
    began: Instant,
    observer: &mut O,
    work: impl Future<Output = T>,
) -> Result<T, Failure> {
    let mut work = pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return Ok(done),
            () = observer.interrupted() => return Err(Interrupted.into()),
            () = tokio::time::sleep(Duration::from_secs(1)) => observer.waiting(began.elapsed()),
        }
    }
}

/// Decodes UTF-8 from chunks that may end inside a character.
#[derive(Debug, Default)]
struct Utf8(Vec<u8>);

impl Utf8 {
    /// The text of all complete characters; an incomplete one is kept for the next chunk.
    fn push(&mut self, bytes: &[u8]) -> String {
        self.0.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&self.0) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => self.0.len(),
        };
        let rest = self.0.split_off(whole);
        let text = String::from_utf8_lossy(&self.0).into_owned();
        self.0 = rest;
        text
    }
}

async fn answer<O: TurnObserver>(
    input: &InvocationInputMember,
    observer: &mut O,
) -> Result<InvocationResultMember, Failure> {
    match input {
        InvocationInputMember::FunctionInvocationInput(input) => {
            let arguments = input.parameters().iter().map(|p| (owned(p.name()), owned(p.value()))).collect();
            let agent = owned(input.collaborator_name().or(input.agent_id()));
            let asked = ConfirmationRequest { agent, tool: owned(input.function()), arguments };
            let state = confirm(input.action_invocation_type(), &asked, observer).await?;
            let result = FunctionResult::builder()
                .action_group(input.action_group())
                .set_function(input.function().map(str::to_owned))
                .set_agent_id(input.agent_id().map(str::to_owned))
                .confirmation_state(state)
                .build()?;
            Ok(InvocationResultMember::FunctionResult(result))
        }
        InvocationInputMember::ApiInvocationInput(input) => {
            let body =
                input.request_body().and_then(|body| body.content()).into_iter().flat_map(|content| content.values());
            let in_body = body.flat_map(|media| media.properties()).map(|p| (owned(p.name()), owned(p.value())));
            let arguments =
                input.parameters().iter().map(|p| (owned(p.name()), owned(p.value()))).chain(in_body).collect();
            let agent = owned(input.collaborator_name().or(input.agent_id()));
            let tool = owned(input.api_path()).trim_start_matches('/').to_owned();
            let asked = ConfirmationRequest { agent, tool, arguments };
            let state = confirm(input.action_invocation_type(), &asked, observer).await?;
            let result = ApiResult::builder()
                .action_group(input.action_group())
                .set_api_path(input.api_path().map(str::to_owned))
                .set_http_method(input.http_method().map(str::to_owned))
                .set_agent_id(input.agent_id().map(str::to_owned))
                .confirmation_state(state)
                .build()?;
            Ok(InvocationResultMember::ApiResult(result))
        }
        _ => Err("the agent returned control with an input that this version does not support".into()),
    }
}

/// Asks the person, who can confirm a call but cannot run a tool.
async fn confirm<O: TurnObserver>(
    kind: Option<&ActionInvocationType>,
    asked: &ConfirmationRequest,
    observer: &mut O,
) -> Result<ConfirmationState, Failure> {
    match kind {
        None | Some(ActionInvocationType::UserConfirmation) => Ok(match observer.confirm(asked).await? {
            true => ConfirmationState::Confirm,
            false => ConfirmationState::Deny,
        }),
        Some(_) => Err(format!(
            "{} returns control for `{}`, which only a program that runs this tool itself can answer",
            asked.agent, asked.tool
        )
        .into()),
    }
}

fn owned(text: Option<&str>) -> String {
    text.unwrap_or_default().to_owned()
}

/// The service's message; for an error that did not come from the service, the whole chain of causes.
fn describe_error<E, R>(error: SdkError<E, R>) -> Failure
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: fmt::Debug + Send + Sync + 'static,
{
    if let Some(service) = error.as_service_error() {
        return match (service.message(), service.code()) {
            (Some(message), Some(code)) => format!("{message} ({code})").into(),
            (Some(message), None) => message.into(),
            (None, _) => service.to_string().into(),
        };
    }
    let text = DisplayErrorContext(&error).to_string();
    if text.contains("credentials") {
        return NO_CREDENTIALS.into();
    }
    format!("the agent could not be reached: {text}").into()
}
