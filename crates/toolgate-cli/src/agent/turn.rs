//! One turn with an agent: the words go out, events come in, and questions are answered until there is an answer.

use std::{
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
        InvocationResultMember, ResponseStream, ReturnControlPayload, SessionState, StreamingConfigurations, TracePart,
    },
};
use serde_json::Value;

use super::raw::RawTraces;
use crate::failure::Failure;

/// Whom one talks to, and in which session.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) agent: String,
    pub(crate) alias: String,
    pub(crate) session: String,
}

/// Somebody who follows a turn.
pub(crate) trait Watch {
    /// The answer while it is being written.
    fn wants_stream(&self) -> bool {
        false
    }
    fn text(&mut self, text: &str) -> Result<(), Failure>;
    /// A trace part, as the SDK understands it and as it came.
    fn trace(&mut self, part: &TracePart, raw: &Value) -> Result<(), Failure>;
    async fn confirm(&mut self, asked: &Asked) -> Result<bool, Failure>;
    /// Nothing new has come, and so much time has passed since the words went out.
    fn waiting(&mut self, _since: Duration) {}
    /// Done when the person does not want to wait any longer.
    async fn interrupted(&mut self) {
        std::future::pending().await
    }
}

/// The person stopped waiting for the answer.
#[derive(Debug, thiserror::Error)]
#[error("stopped waiting; the turn goes on at the agent, with the effects of its tools")]
pub(crate) struct Interrupted;

/// Something that a person is to allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) agent: String,
    pub(crate) tool: String,
    pub(crate) arguments: Vec<(String, String)>,
}

/// Takes a turn to its end.
pub(crate) async fn take<W: Watch>(client: &Client, target: &Target, text: &str, watch: &mut W) -> Result<(), Failure> {
    let streaming =
        watch.wants_stream().then(|| StreamingConfigurations::builder().stream_final_response(true).build());
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
    loop {
        let Some(question) = stream(request, began, watch).await? else {
            return Ok(());
        };
        let mut results = Vec::new();
        for input in question.invocation_inputs() {
            results.push(settle(input, watch).await?);
        }
        let state = SessionState::builder()
            .set_invocation_id(question.invocation_id)
            .set_return_control_invocation_results(Some(results))
            .build();
        request = call().session_state(state);
    }
}

/// Follows one response to its end; what it asks of the caller comes back.
async fn stream<W: Watch>(
    request: InvokeAgentFluentBuilder,
    began: Instant,
    watch: &mut W,
) -> Result<Option<ReturnControlPayload>, Failure> {
    let raw = RawTraces::default();
    let sent = request.customize().interceptor(raw.clone()).send();
    let mut output = watched(began, watch, sent).await?.map_err(told)?;
    let mut question = None;
    let mut text = Utf8::default();
    while let Some(event) = watched(began, watch, output.completion.recv()).await?.map_err(told)? {
        match event {
            ResponseStream::Chunk(chunk) => {
                let bytes =
                    chunk.bytes.map(aws_sdk_bedrockagentruntime::primitives::Blob::into_inner).unwrap_or_default();
                watch.text(&text.push(&bytes))?;
            }
            ResponseStream::Trace(part) => watch.trace(&part, &raw.next().unwrap_or_default())?,
            ResponseStream::ReturnControl(payload) => question = Some(payload),
            _ => {}
        }
    }
    Ok(question)
}

/// Waits for something, and lets the person see that, and stop.
async fn watched<W: Watch, T>(began: Instant, watch: &mut W, work: impl Future<Output = T>) -> Result<T, Failure> {
    let mut work = pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return Ok(done),
            () = watch.interrupted() => return Err(Interrupted.into()),
            () = tokio::time::sleep(Duration::from_secs(1)) => watch.waiting(began.elapsed()),
        }
    }
}

/// Text whose pieces may end inside of a character.
#[derive(Debug, Default)]
struct Utf8(Vec<u8>);

impl Utf8 {
    /// The text so far; the beginning of a character waits for its end.
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

async fn settle<W: Watch>(input: &InvocationInputMember, watch: &mut W) -> Result<InvocationResultMember, Failure> {
    let state = |agreed| {
        if agreed { ConfirmationState::Confirm } else { ConfirmationState::Deny }
    };
    match input {
        InvocationInputMember::FunctionInvocationInput(input) => {
            let arguments = input.parameters().iter().map(|p| (owned(p.name()), owned(p.value()))).collect();
            let agent = input.collaborator_name().or(input.agent_id());
            let asked = Asked { agent: owned(agent), tool: owned(input.function()), arguments };
            only_asks(input.action_invocation_type(), &asked)?;
            let agreed = watch.confirm(&asked).await?;
            let result = FunctionResult::builder()
                .action_group(input.action_group())
                .set_function(input.function().map(str::to_owned))
                .set_agent_id(input.agent_id().map(str::to_owned))
                .confirmation_state(state(agreed))
                .build()?;
            Ok(InvocationResultMember::FunctionResult(result))
        }
        InvocationInputMember::ApiInvocationInput(input) => {
            let body =
                input.request_body().and_then(|body| body.content()).into_iter().flat_map(|content| content.values());
            let in_body = body.flat_map(|media| media.properties()).map(|p| (owned(p.name()), owned(p.value())));
            let arguments =
                input.parameters().iter().map(|p| (owned(p.name()), owned(p.value()))).chain(in_body).collect();
            let agent = input.collaborator_name().or(input.agent_id());
            let tool = owned(input.api_path()).trim_start_matches('/').to_owned();
            let asked = Asked { agent: owned(agent), tool, arguments };
            only_asks(input.action_invocation_type(), &asked)?;
            let agreed = watch.confirm(&asked).await?;
            let result = ApiResult::builder()
                .action_group(input.action_group())
                .set_api_path(input.api_path().map(str::to_owned))
                .set_http_method(input.http_method().map(str::to_owned))
                .set_agent_id(input.agent_id().map(str::to_owned))
                .confirmation_state(state(agreed))
                .build()?;
            Ok(InvocationResultMember::ApiResult(result))
        }
        _ => Err("the agent hands over something that this version does not know".into()),
    }
}

fn only_asks(kind: Option<&ActionInvocationType>, asked: &Asked) -> Result<(), Failure> {
    match kind {
        None | Some(ActionInvocationType::UserConfirmation) => Ok(()),
        Some(_) => {
            Err(format!("{} hands `{}` over to the caller's own program, which a chat is not", asked.agent, asked.tool)
                .into())
        }
    }
}

fn owned(text: Option<&str>) -> String {
    text.unwrap_or_default().to_owned()
}

/// The service's own words; for what never reached it, the whole chain of causes.
fn told<E, R>(error: SdkError<E, R>) -> Failure
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    R: fmt::Debug + Send + Sync + 'static,
{
    let service = error
        .as_service_error()
        .map(|service| (service.code().map(str::to_owned), service.message().map(str::to_owned), service.to_string()));
    match service {
        Some((code, Some(message), _)) => match code {
            Some(code) => format!("{message} ({code})").into(),
            None => message.into(),
        },
        Some((_, None, whole)) => whole.into(),
        None => {
            let text = DisplayErrorContext(&error).to_string();
            if text.contains("credentials") {
                return "no usable AWS credentials: run `aws configure` or `aws sso login`, or use --endpoint-url for a local agent".into();
            }
            format!("the agent could not be reached: {text}").into()
        }
    }
}
