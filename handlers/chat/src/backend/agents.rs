//! Bedrock Agents: InvokeAgent, with its traces.

use aws_config::SdkConfig;
use aws_sdk_bedrockagentruntime::{
    Client,
    config::{Builder, StalledStreamProtectionConfig, retry::RetryConfig},
    operation::invoke_agent::InvokeAgentOutput,
    primitives::Blob,
    types::{
        ActionInvocationType, InvocationInputMember, Parameter, ResponseStream, ReturnControlPayload, SessionState,
        StreamingConfigurations, error::ResponseStreamError,
    },
};
use tokio::sync::mpsc::Sender;

use super::{
    Backoff, Reason, Turn, TurnError,
    error::{code_of, is_throttle},
    question::{Answered, Asked, Call, Target},
    report,
    text::Utf8,
    trace::{Traces, input_of},
};
use crate::{event::What, money::End, progress::Progress, session::CUSTOMER};

/// An agent of Bedrock Agents.
#[derive(Debug, Clone)]
pub struct AgentBackend {
    client: Client,
    agent: String,
    alias: String,
    backoff: Backoff,
}

impl AgentBackend {
    /// An agent and its alias. The SDK's own retries are off, since a turn that has begun must not be repeated, and so is
    /// its protection against stalled streams, since models take their time.
    pub fn new(config: &SdkConfig, agent: impl Into<String>, alias: impl Into<String>) -> Self {
        let config = Builder::from(config)
            .retry_config(RetryConfig::disabled())
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
        let client = Client::from_conf(config.build());
        Self { client, agent: agent.into(), alias: alias.into(), backoff: Backoff::default() }
    }

    /// Uses other waits.
    #[must_use]
    pub fn with_backoff(self, backoff: Backoff) -> Self {
        Self { backoff, ..self }
    }

    pub(super) async fn turn(&self, turn: Turn, progress: &Sender<Progress>) -> Result<End, TurnError> {
        let answered = match &turn.what {
            What::Text(_) => None,
            What::Answers(answers) => Some(Answered::read(answers)?),
        };
        let mut attempts = self.backoff.attempts();
        loop {
            let result = self.attempt(&turn, answered.as_ref(), progress).await;
            if !attempts.again(&result, progress).await {
                return result;
            }
        }
    }

    async fn attempt(
        &self,
        turn: &Turn,
        answered: Option<&Answered>,
        progress: &Sender<Progress>,
    ) -> Result<End, TurnError> {
        let mut state = SessionState::builder().session_attributes(CUSTOMER, turn.session.customer());
        if let Some(answered) = answered {
            let results = answered.results().map_err(|_| TurnError::not_begun(Reason::InvalidAnswers))?;
            state =
                state.invocation_id(&answered.asked.invocation).set_return_control_invocation_results(Some(results));
        }
        let text = match &turn.what {
            What::Text(text) => Some(text.clone()),
            What::Answers(_) => None,
        };
        let sent = self
            .client
            .invoke_agent()
            .agent_id(&self.agent)
            .agent_alias_id(&self.alias)
            .session_id(turn.session.id())
            .memory_id(turn.session.actor())
            .enable_trace(true)
            .streaming_configurations(StreamingConfigurations::builder().stream_final_response(true).build())
            .session_state(state.build())
            .set_input_text(text)
            .send()
            .await;
        let output = sent.map_err(|error| {
            let failed = TurnError::before(&error);
            // a text was checked before; what the service does not like about answers is that they do not fit
            let is_invalid = answered.is_some() && code_of(&error) == "ValidationException";
            if is_invalid { failed.explained(Reason::InvalidAnswers) } else { failed }
        })?;
        let denied = answered.into_iter().flat_map(Answered::calls).filter(|(_, is_approved)| !is_approved);
        for (call, _) in denied {
            report(progress, Progress::Denied { id: call.id.clone() }).await;
        }
        read(output, answered, progress).await
    }
}

/// Reads the stream of a turn to its end.
async fn read(
    mut output: InvokeAgentOutput,
    answered: Option<&Answered>,
    progress: &Sender<Progress>,
) -> Result<End, TurnError> {
    let mut traces = Traces::after(answered);
    let mut text = Utf8::default();
    let (mut has_event, mut has_end) = (false, false);
    loop {
        let event = match output.completion.recv().await {
            Ok(Some(event)) => event,
            Ok(None) => break,
            // The trace of a model turn's input comes before the turn, so no model and no tool has run. A call that the
            // customer has confirmed may have run before its trace.
            Err(error) => {
                let kind = error.as_service_error().map_or("connection", kind);
                let is_early = !has_event && answered.is_none() && is_throttle(kind);
                return Err(if is_early { TurnError::not_begun(Reason::Throttled) } else { TurnError::within(kind) });
            }
        };
        has_event = true;
        match event {
            ResponseStream::Chunk(chunk) => {
                has_end = true;
                let bytes = chunk.bytes.map(Blob::into_inner).unwrap_or_default();
                report(progress, Progress::Text(text.push(&bytes))).await;
            }
            ResponseStream::Trace(part) => {
                for happened in traces.read(part) {
                    report(progress, happened).await;
                }
            }
            ResponseStream::ReturnControl(payload) => {
                has_end = true;
                let asked = questions(payload, &mut traces);
                for question in asked.ok_or_else(|| TurnError::new(Reason::Unanswerable, traces.end()))? {
                    report(progress, question).await;
                }
            }
            _ => {}
        }
    }
    match has_end {
        true => Ok(traces.end()),
        false => {
            tracing::warn!(reason = Reason::HalfWay.name(), "the stream of the turn has no answer");
            Err(TurnError::new(Reason::HalfWay, End::Unknown))
        }
    }
}

/// The name of a stream's exception. The SDK gives those no code.
fn kind(error: &ResponseStreamError) -> &'static str {
    match error {
        ResponseStreamError::ThrottlingException(_) => "ThrottlingException",
        ResponseStreamError::ServiceQuotaExceededException(_) => "ServiceQuotaExceededException",
        ResponseStreamError::ModelNotReadyException(_) => "ModelNotReadyException",
        ResponseStreamError::AccessDeniedException(_) => "AccessDeniedException",
        ResponseStreamError::BadGatewayException(_) => "BadGatewayException",
        ResponseStreamError::ConflictException(_) => "ConflictException",
        ResponseStreamError::DependencyFailedException(_) => "DependencyFailedException",
        ResponseStreamError::InternalServerException(_) => "InternalServerException",
        ResponseStreamError::ResourceNotFoundException(_) => "ResourceNotFoundException",
        ResponseStreamError::ValidationException(_) => "ValidationException",
        _ => "unknown",
    }
}

/// The questions to the customer. `None` if one of the calls needs more than a yes or a no.
fn questions(payload: ReturnControlPayload, traces: &mut Traces) -> Option<Vec<Progress>> {
    let (mut calls, mut inputs) = (Vec::new(), Vec::new());
    for input in payload.invocation_inputs.unwrap_or_default() {
        let (group, target, agent, kind, input) = match input {
            InvocationInputMember::FunctionInvocationInput(input) => {
                let given = input.parameters.unwrap_or_default().into_iter();
                let given = given.map(|given| parameter(given.name, given.value));
                let target = Target::Function(input.function?);
                (input.action_group, target, input.agent_id, input.action_invocation_type, input_of(given))
            }
            InvocationInputMember::ApiInvocationInput(input) => {
                let target = Target::Api { path: input.api_path?, method: input.http_method? };
                let body = input.request_body.and_then(|body| body.content).unwrap_or_default();
                let body = body.into_values().flat_map(|media| media.properties.unwrap_or_default());
                let given = input.parameters.unwrap_or_default().into_iter();
                let given = given.map(|given| parameter(given.name, given.value)).chain(body);
                (input.action_group, target, input.agent_id, input.action_invocation_type, input_of(given))
            }
            _ => return None,
        };
        if kind.is_some_and(|kind| kind != ActionInvocationType::UserConfirmation) {
            return None;
        }
        let id = traces.asked(&group, &target);
        calls.push(Call { id, group, target, agent });
        inputs.push(input);
    }
    let asked = Asked { invocation: payload.invocation_id?, calls };
    let ids = asked.ids()?;
    let questions = ids.into_iter().zip(asked.calls).zip(inputs).map(|((id, call), input)| Progress::Question {
        id,
        tool: call.target.tool().to_owned(),
        call: call.id,
        input,
    });
    Some(questions.collect())
}

fn parameter(name: Option<String>, value: Option<String>) -> Parameter {
    Parameter::builder().set_name(name).set_value(value).build()
}
