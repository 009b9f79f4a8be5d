//! What the tests share: a template, fake functions, a model made of a closure, a server and the AWS SDK's client.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_sdk_bedrockagentruntime::{
    Client,
    config::{BehaviorVersion, Credentials, Region, retry::RetryConfig},
    operation::invoke_agent::builders::InvokeAgentFluentBuilder,
    types::{
        ConfirmationState, FunctionResult, InvocationResultMember, ResponseStream, ReturnControlPayload, SessionState,
        TracePart,
    },
};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use toolgate_local::{
    agents::{Agents, Invoke, InvokeFailure, LambdaReply, routes},
    models::{Block, Model, ModelError, ModelReply, ModelRequest, Models, StopReason, Usage},
    template::{ActionGroupSpec, AgentSpec, CollaboratorSpec, FunctionSchema, GroupSchema, ParameterSchema, Template},
};

type Handler = dyn Fn(&Value) -> Reply + Send + Sync;

/// What a fake function does with an event.
pub(crate) enum Reply {
    /// Any payload.
    Raw(Value),
    /// A function error.
    Error(&'static str),
    /// No reply at all.
    Failure { never_taken: bool },
    /// The same a while later.
    Later(Duration, Box<Reply>),
}

/// Functions that record their events.
pub(crate) struct Functions {
    handler: Box<Handler>,
    pub(crate) events: Mutex<Vec<Value>>,
}

impl fmt::Debug for Functions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Functions")
    }
}

impl Functions {
    pub(crate) fn new(handler: impl Fn(&Value) -> Reply + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { handler: Box::new(handler), events: Mutex::default() })
    }

    /// Functions that answer every call with its own name and parameters.
    pub(crate) fn echo() -> Arc<Self> {
        Self::new(|event| ok(event, &json!({"tool": tool_of(event), "parameters": parameters(event)})))
    }

    pub(crate) fn events(&self) -> Vec<Value> {
        self.events.lock().unwrap().clone()
    }

    /// The tools called, in order.
    pub(crate) fn called(&self) -> Vec<String> {
        self.events().iter().map(tool_of).collect()
    }
}

impl Invoke for Functions {
    fn invoke<'a>(&'a self, _function: &'a str, payload: Bytes) -> BoxFuture<'a, Result<LambdaReply, InvokeFailure>> {
        Box::pin(async move {
            let event: Value = serde_json::from_slice(&payload).unwrap();
            self.events.lock().unwrap().push(event.clone());
            let mut reply = (self.handler)(&event);
            if let Reply::Later(pause, inner) = reply {
                tokio::time::sleep(pause).await;
                reply = *inner;
            }
            match reply {
                Reply::Raw(value) => Ok(LambdaReply { payload: value.to_string().into(), function_error: None }),
                Reply::Error(kind) => Ok(LambdaReply {
                    payload: json!({"errorType": "Boom", "errorMessage": "it broke"}).to_string().into(),
                    function_error: Some(kind.to_owned()),
                }),
                Reply::Failure { never_taken } => Err(InvokeFailure { message: "no instance".to_owned(), never_taken }),
                Reply::Later(..) => unreachable!("one pause is enough"),
            }
        })
    }
}

pub(crate) fn tool_of(event: &Value) -> String {
    let name = event["function"].as_str().or_else(|| event["apiPath"].as_str()).unwrap();
    name.trim_start_matches('/').to_owned()
}

/// All values of an event, from parameters and body, by name.
pub(crate) fn parameters(event: &Value) -> BTreeMap<String, String> {
    let body = event["requestBody"]["content"]["application/json"]["properties"].as_array();
    let all = event["parameters"].as_array().into_iter().chain(body).flatten();
    all.map(|p| (p["name"].as_str().unwrap().to_owned(), p["value"].as_str().unwrap().to_owned())).collect()
}

/// A well-formed reply to an event, on its own wire.
pub(crate) fn envelope(event: &Value, status: u16, body: &Value) -> Value {
    let text = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
    let response = if event["function"].is_string() {
        json!({
            "actionGroup": event["actionGroup"],
            "function": event["function"],
            "functionResponse": {"responseBody": {"TEXT": {"body": text}}},
        })
    } else {
        json!({
            "actionGroup": event["actionGroup"],
            "apiPath": event["apiPath"],
            "httpMethod": event["httpMethod"],
            "httpStatusCode": status,
            "responseBody": {"application/json": {"body": text}},
        })
    };
    json!({
        "messageVersion": "1.0",
        "response": response,
        "sessionAttributes": event["sessionAttributes"],
        "promptSessionAttributes": event["promptSessionAttributes"],
    })
}

pub(crate) fn ok(event: &Value, body: &Value) -> Reply {
    Reply::Raw(envelope(event, 200, body))
}

/// A model that a closure plays; it sees the agent, and everything that a real one would.
pub(crate) struct FnModel(Box<dyn Fn(&Seen) -> Say + Send + Sync>);

/// What the model is shown.
pub(crate) struct Seen {
    pub(crate) agent: String,
    pub(crate) system: String,
    pub(crate) tools: Vec<String>,
    /// What the user said last.
    pub(crate) text: String,
    /// The results since then, as (text, error), turn by turn.
    pub(crate) results: Vec<Vec<(String, bool)>>,
    pub(crate) messages: usize,
}

/// What the model says.
pub(crate) enum Say {
    Answer(String),
    Calls(Vec<(&'static str, Value)>),
    Reply(ModelReply),
    Error(ModelError),
}

pub(crate) fn answer(text: impl Into<String>) -> Say {
    Say::Answer(text.into())
}

impl fmt::Debug for FnModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FnModel")
    }
}

pub(crate) fn model(play: impl Fn(&Seen) -> Say + Send + Sync + 'static) -> Models {
    Models::custom(Arc::new(FnModel(Box::new(play))))
}

impl Model for FnModel {
    fn converse<'a>(&'a self, request: ModelRequest<'a>) -> BoxFuture<'a, Result<ModelReply, ModelError>> {
        let mut seen = Seen {
            agent: request.agent.to_owned(),
            system: request.system.to_owned(),
            tools: request.tools.iter().map(|tool| tool.name.clone()).collect(),
            text: String::new(),
            results: Vec::new(),
            messages: request.messages.len(),
        };
        assert_answered(&request);
        for message in request.messages {
            let mut results = Vec::new();
            for block in &message.content {
                match block {
                    Block::Text(text) if message.role == toolgate_local::models::Role::User => {
                        seen.text.clone_from(text);
                        seen.results.clear();
                        results.clear();
                    }
                    Block::ToolResult { text, error, .. } => results.push((text.clone(), *error)),
                    _ => {}
                }
            }
            if !results.is_empty() {
                seen.results.push(results);
            }
        }
        let reply =
            |content, stop| Ok(ModelReply { content, stop, usage: Usage { input_tokens: 10, output_tokens: 5 } });
        let said = match (self.0)(&seen) {
            Say::Answer(text) => reply(vec![Block::Text(text)], StopReason::EndTurn),
            Say::Calls(calls) => {
                let offset = request.messages.len();
                let calls = calls.into_iter().enumerate().map(|(at, (name, input))| Block::ToolUse {
                    id: format!("call-{offset}-{at}"),
                    name: name.to_owned(),
                    input,
                });
                let thought = Block::Text("I need a tool.".to_owned());
                reply(std::iter::once(thought).chain(calls).collect(), StopReason::ToolUse)
            }
            Say::Reply(reply) => Ok(reply),
            Say::Error(error) => Err(error),
        };
        Box::pin(async move { said })
    }

    fn label(&self, _foundation_model: &str) -> String {
        "test:closure".to_owned()
    }
}

/// Models insist: roles alternate, and every call is answered in the next message.
fn assert_answered(request: &ModelRequest<'_>) {
    for pair in request.messages.windows(2) {
        assert_ne!(pair[0].role, pair[1].role, "roles alternate: {:?}", request.messages);
        let ids = |wanted: fn(&Block) -> Option<&String>, at: usize| {
            let mut ids: Vec<String> = pair[at].content.iter().filter_map(wanted).cloned().collect();
            ids.sort();
            ids
        };
        let asked = ids(
            |block| {
                if let Block::ToolUse { id, .. } = block { Some(id) } else { None }
            },
            0,
        );
        let answered = ids(
            |block| {
                if let Block::ToolResult { id, .. } = block { Some(id) } else { None }
            },
            1,
        );
        assert_eq!(asked, answered, "every call is answered in the next message");
    }
}

/// A function schema with string parameters; `!` in front of a name asks for confirmation.
pub(crate) fn functions(names: &[&str]) -> GroupSchema {
    let function = |name: &&str| FunctionSchema {
        name: name.trim_start_matches('!').to_owned(),
        description: format!("Does {name}."),
        parameters: BTreeMap::from([
            ("id".to_owned(), parameter("string", false)),
            ("count".to_owned(), parameter("integer", false)),
            ("tags".to_owned(), parameter("array", false)),
        ]),
        require_confirmation: name.starts_with('!'),
    };
    GroupSchema::Functions(names.iter().map(function).collect())
}

fn parameter(kind: &str, required: bool) -> ParameterSchema {
    ParameterSchema { kind: kind.to_owned(), description: "A parameter.".to_owned(), required }
}

pub(crate) fn group(name: &str, function: Option<&str>, schema: GroupSchema) -> ActionGroupSpec {
    ActionGroupSpec {
        name: name.to_owned(),
        description: String::new(),
        function: function.map(str::to_owned),
        signature: None,
        schema,
    }
}

pub(crate) fn agent(id: &str, groups: Vec<ActionGroupSpec>, collaborators: &[&str]) -> AgentSpec {
    AgentSpec {
        id: id.to_owned(),
        name: format!("desk-{}", id.to_lowercase()),
        aliases: vec!["dev".to_owned(), "TSTALIASID".to_owned()],
        instruction: format!("You are {id}."),
        foundation_model: "some.model-v1:0".to_owned(),
        supervisor: !collaborators.is_empty(),
        collaborators: collaborators
            .iter()
            .map(|name| CollaboratorSpec {
                name: (*name).to_owned(),
                agent_id: (*name).to_owned(),
                instruction: format!("Ask {name} about its things."),
                relay_history: true,
            })
            .collect(),
        action_groups: groups,
        idle_ttl: Duration::from_secs(600),
    }
}

/// One agent `Orders` with tools `get`, `list` and, behind a confirmation, `cancel`.
pub(crate) fn one_agent() -> Template {
    Template {
        agents: vec![agent(
            "Orders",
            vec![group("orders", Some("OrdersFunction"), functions(&["get", "list", "!cancel"]))],
            &[],
        )],
        ..Template::default()
    }
}

/// A running local agent and a client for it.
pub(crate) struct Desk {
    pub(crate) client: Client,
    pub(crate) url: String,
}

impl Desk {
    pub(crate) async fn start(template: &Template, functions: Arc<Functions>, models: Models) -> Self {
        Self::serve(Agents::new(template, functions, models).unwrap()).await
    }

    pub(crate) async fn serve(agents: Arc<Agents>) -> Self {
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

    pub(crate) fn to(&self, agent: &str, session: &str) -> InvokeAgentFluentBuilder {
        self.client.invoke_agent().agent_id(agent).agent_alias_id("TSTALIASID").session_id(session).enable_trace(true)
    }

    pub(crate) async fn say(&self, agent: &str, session: &str, text: &str) -> Turn {
        collect(self.to(agent, session).input_text(text)).await
    }

    /// Answers a confirmation.
    pub(crate) async fn confirm(
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

/// What came out of one stream.
#[derive(Debug, Default)]
pub(crate) struct Turn {
    pub(crate) text: String,
    pub(crate) chunks: usize,
    pub(crate) asked: Option<ReturnControlPayload>,
    pub(crate) traces: Vec<TracePart>,
    /// The name of the exception that ended the stream, and its text.
    pub(crate) exception: Option<(String, String)>,
}

pub(crate) async fn collect(call: InvokeAgentFluentBuilder) -> Turn {
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
    /// The members of the traces in order: `modelInvocationInput`, `observation FINISH`, and with the agent's name in front.
    pub(crate) fn trail(&self) -> Vec<String> {
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
