//! A template with a harness, a model server, and a caller that reads the stream.

use std::sync::{Arc, Mutex};

use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder};
use axum::{
    Json,
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
};
use bytes::BytesMut;
use serde_json::{Value, json};
use toolgate_local::Local;

use crate::support::{Agent, folder, local};

pub(super) const ARN: &str = "arn:aws:bedrock-agentcore:us-east-1:123456789012:harness/Shop-local00000";
pub(super) const SESSION: &str = "a-session-of-at-least-33-characters";

/// A harness with these additional members.
pub(super) fn template(harness: &str) -> String {
    format!(
        r#"
Transform: AWS::Serverless-2016-10-31
Resources:
  Echo:
    Type: AWS::Serverless::Function
    Metadata: {{BuildMethod: rust-cargolambda, BuildProperties: {{Binary: echo_function}}}}
    Properties: {{Timeout: 5}}
  Gateway:
    Type: AWS::BedrockAgentCore::Gateway
    Properties: {{Name: desk, AuthorizerType: AWS_IAM}}
  Target:
    Type: AWS::BedrockAgentCore::GatewayTarget
    Properties:
      GatewayIdentifier: !GetAtt Gateway.GatewayIdentifier
      Name: desk
      TargetConfiguration:
        Mcp:
          Lambda:
            LambdaArn: !GetAtt Echo.Arn
            ToolSchema:
              InlinePayload:
                - {{Name: echo, Description: says it again, InputSchema: {{Type: object}}}}
                - {{Name: other, Description: another, InputSchema: {{Type: object}}}}
  Role: {{Type: AWS::IAM::Role, Properties: {{}}}}
  Shop:
    Type: AWS::BedrockAgentCore::Harness
    Properties:
      HarnessName: shop
      ExecutionRoleArn: !GetAtt Role.Arn
      Model: {{BedrockModelConfig: {{ModelId: us.anthropic.claude, MaxTokens: 4000}}}}
      SystemPrompt: [{{Text: Be kind.}}]
      Tools:
        - {{Name: desk, Type: agentcore_gateway, Config: {{AgentCoreGateway: {{GatewayArn: !GetAtt Gateway.GatewayArn}}}}}}
        - Name: ask
          Type: inline_function
          Config: {{InlineFunction: {{Description: asks a person, InputSchema: {{type: object}}}}}}
      {harness}
  Live:
    Type: AWS::BedrockAgentCore::HarnessEndpoint
    Properties: {{HarnessId: !GetAtt Shop.HarnessId, EndpointName: live}}
"#
    )
}

/// The reply of the model server: a status and a body.
pub(super) type Reply = (u16, Value);

type Play = Arc<dyn Fn(&Value) -> Reply + Send + Sync>;

/// A harness whose model is a closure over the requests of OpenAI's API.
pub(super) struct Shop {
    pub(super) agent: Agent,
    seen: Arc<Mutex<Vec<Value>>>,
}

pub(super) fn text(text: &str) -> Reply {
    (200, completion(json!({"role": "assistant", "content": text}), "stop"))
}

/// Calls as `(id, name, arguments)`.
pub(super) fn calls(calls: &[(&str, &str, Value)]) -> Reply {
    let calls: Vec<Value> = calls
        .iter()
        .map(|(id, name, input)| {
            json!({"id": id, "type": "function", "function": {"name": name, "arguments": input.to_string()}})
        })
        .collect();
    (200, completion(json!({"role": "assistant", "content": "Let me see.", "tool_calls": calls}), "tool_calls"))
}

pub(super) fn completion(message: Value, finish: &str) -> Value {
    json!({
        "id": "x", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    })
}

/// The results of tools since the user's last message in a request to the model, newest last.
pub(super) fn results(request: &Value) -> Vec<String> {
    let messages = request["messages"].as_array().unwrap();
    let last_user = messages.iter().rposition(|message| message["role"] == "user").unwrap_or_default();
    let results = messages[last_user..].iter().filter(|message| message["role"] == "tool");
    results.map(|message| message["content"].as_str().unwrap_or_default().to_owned()).collect()
}

/// The names of the tools that the model is offered.
pub(super) fn offered(request: &Value) -> Vec<String> {
    let tools = request["tools"].as_array().into_iter().flatten();
    tools.map(|tool| tool["function"]["name"].as_str().unwrap().to_owned()).collect()
}

impl Shop {
    pub(super) async fn start(play: impl Fn(&Value) -> Reply + Send + Sync + 'static) -> Self {
        Self::with("", play).await
    }

    pub(super) async fn with(harness: &str, play: impl Fn(&Value) -> Reply + Send + Sync + 'static) -> Self {
        Self::of(&template(harness), play).await
    }

    pub(super) async fn of(template: &str, play: impl Fn(&Value) -> Reply + Send + Sync + 'static) -> Self {
        Self::set(template, |local| local, play).await
    }

    /// With other settings of the local agent.
    pub(super) async fn set(
        template: &str,
        settings: impl FnOnce(Local) -> Local,
        play: impl Fn(&Value) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let state: (Play, _) = (Arc::new(play), Arc::clone(&seen));
        let router = axum::Router::new().fallback(reply).with_state(state);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let folder = folder(template);
        let running = settings(local(&folder)).model(format!("openai:{url}/v1#m")).start().await.unwrap();
        Self { agent: Agent::of(running), seen }
    }

    /// The requests to the model.
    pub(super) fn seen(&self) -> Vec<Value> {
        self.seen.lock().unwrap().clone()
    }

    pub(super) fn request(&self, query: &str, session: &str, body: &Value) -> reqwest::RequestBuilder {
        let url = self.agent.url(&format!("/harnesses/invoke?{query}"));
        self.agent.http.post(url).header("X-Amzn-Bedrock-AgentCore-Runtime-Session-Id", session).json(body)
    }

    pub(super) async fn invoke(&self, body: Value) -> Invoked {
        let response = self.request(&format!("harnessArn={ARN}"), SESSION, &body).send().await.unwrap();
        Invoked::read(response).await
    }

    pub(super) async fn say(&self, text: &str) -> Invoked {
        self.invoke(said(text, json!({}))).await
    }

    /// Sends the result of an inline function.
    pub(super) async fn result(&self, id: &str, text: &str) -> Invoked {
        let result = json!({"toolUseId": id, "status": "success", "content": [{"text": text}]});
        self.invoke(json!({"messages": [{"role": "user", "content": [{"toolResult": result}]}]})).await
    }
}

/// A body with a text of the user and these members.
pub(super) fn said(text: &str, mut more: Value) -> Value {
    more["messages"] = json!([{"role": "user", "content": [{"text": text}]}]);
    more
}

/// A text of the user on which the model server never answers.
pub(super) const NEVER: &str = "never answer";

async fn reply(State((play, seen)): State<(Play, Arc<Mutex<Vec<Value>>>)>, body: Bytes) -> Response {
    let request: Value = serde_json::from_slice(&body).unwrap();
    if request.to_string().contains(NEVER) {
        return std::future::pending().await;
    }
    seen.lock().unwrap().push(request.clone());
    let (status, body) = tokio::task::spawn_blocking(move || play(&request)).await.unwrap();
    (http::StatusCode::from_u16(status).unwrap(), Json(body)).into_response()
}

/// A response: an error, or the events of the stream.
#[derive(Debug)]
pub(super) struct Invoked {
    pub(super) status: u16,
    pub(super) kind: String,
    pub(super) error: Value,
    /// Names and members.
    pub(super) events: Vec<(String, Value)>,
}

impl Invoked {
    pub(super) async fn read(response: reqwest::Response) -> Self {
        let status = response.status().as_u16();
        let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        assert!(header("x-amzn-requestid").is_some());
        let kind = header("x-amzn-errortype").unwrap_or_default();
        if status != 200 {
            return Self { status, kind, error: response.json().await.unwrap(), events: Vec::new() };
        }
        assert_eq!(header("content-type").unwrap(), "application/vnd.amazon.eventstream");
        let mut bytes = BytesMut::from(response.bytes().await.unwrap().as_ref());
        let mut decoder = MessageFrameDecoder::new();
        let mut events = Vec::new();
        while let DecodedFrame::Complete(message) = decoder.decode_frame(&mut bytes).unwrap() {
            let header = |name: &str| {
                let found = message.headers().iter().find(|header| header.name().as_str() == name)?;
                Some(found.value().as_string().unwrap().as_str().to_owned())
            };
            let name = header(":event-type").or_else(|| header(":exception-type")).unwrap();
            events.push((name, serde_json::from_slice(message.payload()).unwrap()));
        }
        Self { status, kind, error: Value::Null, events }
    }

    /// The stop reasons of all messages.
    pub(super) fn stops(&self) -> Vec<&str> {
        let stops = self.events.iter().filter(|(name, _)| name == "messageStop");
        stops.map(|(_, members)| members["stopReason"].as_str().unwrap()).collect()
    }

    /// The text of the last message.
    pub(super) fn text(&self) -> String {
        let last = self.events.iter().rposition(|(name, _)| name == "messageStart").unwrap();
        self.events[last..].iter().filter_map(|(_, members)| members["delta"]["text"].as_str()).collect()
    }

    /// Tool uses as `(id, name)`.
    pub(super) fn uses(&self) -> Vec<(&str, &str)> {
        let starts = self.events.iter().filter_map(|(_, members)| members["start"].get("toolUse"));
        starts.map(|start| (start["toolUseId"].as_str().unwrap(), start["name"].as_str().unwrap())).collect()
    }

    /// Tool results as `(id, status)`.
    pub(super) fn results(&self) -> Vec<(&str, &str)> {
        let starts = self.events.iter().filter_map(|(_, members)| members["start"].get("toolResult"));
        starts.map(|start| (start["toolUseId"].as_str().unwrap(), start["status"].as_str().unwrap())).collect()
    }

    /// The error as `(status, exception, message)`.
    pub(super) fn refused(&self) -> (u16, &str, &str) {
        (self.status, self.kind.as_str(), self.error["message"].as_str().unwrap_or_default())
    }
}
