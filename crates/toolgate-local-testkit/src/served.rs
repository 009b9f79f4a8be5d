//! A served local agent and the AWS SDK's client for it.

use std::sync::Arc;

use aws_sdk_bedrockagentruntime::{
    Client,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig},
    operation::invoke_agent::builders::InvokeAgentFluentBuilder,
    types::{
        ConfirmationState, FunctionResult, InvocationResultMember, ResponseStream, ReturnControlPayload, SessionState,
        TracePart,
    },
};
use toolgate_local::{
    agents::{Agents, routes},
    models::Models,
    template::Template,
};

use crate::functions::Functions;

/// A running local agent and a client for it.
pub struct Desk {
    pub client: Client,
    pub url: String,
}

impl Desk {
    pub async fn start(template: &Template, functions: Arc<Functions>, models: Models) -> Self {
        Self::serve(Agents::new(template, functions, models).unwrap()).await
    }

    pub async fn serve(agents: Arc<Agents>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes(agents)).await });
        let config = aws_sdk_bedrockagentruntime::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("us-east-1"))
            .credentials_provider(Credentials::for_tests())
            .retry_config(RetryConfig::disabled())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(&url)
            .build();
        Self { client: Client::from_conf(config), url }
    }

    pub fn to(&self, agent: &str, session: &str) -> InvokeAgentFluentBuilder {
        self.client.invoke_agent().agent_id(agent).agent_alias_id("TSTALIASID").session_id(session).enable_trace(true)
    }

    pub async fn say(&self, agent: &str, session: &str, text: &str) -> Turn {
        collect(self.to(agent, session).input_text(text)).await
    }

    /// Answers a request for confirmation.
    pub async fn confirm(
        &self,
        agent: &str,
        session: &str,
        asked: &ReturnControlPayload,
        state: ConfirmationState,
    ) -> Turn {
        let input = asked.invocation_inputs()[0].as_function_invocation_input().unwrap();
        let result = FunctionResult::builder()
            .action_group(input.action_group())
            .set_function(input.function().map(str::to_owned))
            .set_agent_id(input.agent_id().map(str::to_owned))
            .confirmation_state(state)
            .build()
            .unwrap();
        let state = SessionState::builder()
            .set_invocation_id(asked.invocation_id().map(str::to_owned))
            .return_control_invocation_results(InvocationResultMember::FunctionResult(result))
            .build();
        collect(self.to(agent, session).session_state(state)).await
    }
}

/// The content of one stream.
#[derive(Debug, Default)]
pub struct Turn {
    pub text: String,
    pub chunks: usize,
    pub asked: Option<ReturnControlPayload>,
    pub traces: Vec<TracePart>,
    /// The name of the exception that ended the stream, and its text.
    pub exception: Option<(String, String)>,
}

pub async fn collect(call: InvokeAgentFluentBuilder) -> Turn {
    use aws_sdk_bedrockagentruntime::error::ProvideErrorMetadata;

    let mut output = call.send().await.unwrap();
    let mut turn = Turn::default();
    loop {
        match output.completion.recv().await {
            Ok(None) => return turn,
            Ok(Some(ResponseStream::Chunk(chunk))) => {
                turn.chunks += 1;
                turn.text.push_str(std::str::from_utf8(chunk.bytes().unwrap().as_ref()).unwrap());
            }
            Ok(Some(ResponseStream::ReturnControl(asked))) => turn.asked = Some(asked),
            Ok(Some(ResponseStream::Trace(part))) => turn.traces.push(part),
            Ok(Some(other)) => panic!("unexpected event {other:?}"),
            Err(error) => {
                let error = error.as_service_error().unwrap_or_else(|| panic!("{error:?}"));
                turn.exception = Some((
                    format!("{error:?}").split('(').next().unwrap().to_owned(),
                    error.message().unwrap().to_owned(),
                ));
                return turn;
            }
        }
    }
}

impl Turn {
    /// The members of the traces in order: `modelInvocationInput`, `observation FINISH`, and with the agent's name in
    /// front.
    pub fn trail(&self) -> Vec<String> {
        self.traces.iter().map(label_of).collect()
    }
}

fn label_of(part: &TracePart) -> String {
    use aws_sdk_bedrockagentruntime::types::{OrchestrationTrace as O, Trace};

    let who = part.agent_id().unwrap_or_default();
    let what = match part.trace() {
        Some(Trace::OrchestrationTrace(O::ModelInvocationInput(_))) => "modelInvocationInput".to_owned(),
        Some(Trace::OrchestrationTrace(O::ModelInvocationOutput(_))) => "modelInvocationOutput".to_owned(),
        Some(Trace::OrchestrationTrace(O::Rationale(_))) => "rationale".to_owned(),
        Some(Trace::OrchestrationTrace(O::InvocationInput(input))) => {
            format!("invocationInput {}", input.invocation_type().unwrap())
        }
        Some(Trace::OrchestrationTrace(O::Observation(seen))) => {
            format!("observation {}", seen.r#type().unwrap())
        }
        Some(Trace::FailureTrace(_)) => "failureTrace".to_owned(),
        other => panic!("unexpected trace {other:?}"),
    };
    format!("{who} {what}")
}
