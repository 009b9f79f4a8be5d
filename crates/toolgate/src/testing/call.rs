//! One tool call of a test, on any wire.

use std::{
    collections::BTreeMap,
    fmt,
    future::{Future, IntoFuture},
    pin::Pin,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use lambda_runtime::Context;
use serde_json::{Map, Value, json};

use super::{context, reply::Reply};
use crate::{service::Service, wire::kind::Wire};

/// Calls a tool in a test: `.await` it for the [`Reply`]. The default is the [function wire](Wire::Function) and a new
/// session.
pub fn call<'a, S>(service: &'a Service<S>, tool: &str, input: Value) -> TestCall<'a, S> {
    TestCall {
        service,
        tool: tool.to_owned(),
        input,
        wire: Wire::Function,
        session: "test-session".to_owned(),
        agent: "TESTAGENT1".to_owned(),
        attributes: BTreeMap::new(),
        prompt_attributes: BTreeMap::new(),
        headers: BTreeMap::new(),
        claims: BTreeMap::new(),
        deadline: None,
    }
}

/// The builder of a call; see [`call`].
#[must_use = "`.await` it"]
pub struct TestCall<'a, S> {
    service: &'a Service<S>,
    tool: String,
    input: Value,
    wire: Wire,
    session: String,
    agent: String,
    attributes: BTreeMap<String, String>,
    prompt_attributes: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
    claims: BTreeMap<String, String>,
    deadline: Option<Duration>,
}

impl<S> TestCall<'_, S> {
    /// Sets the wire.
    pub fn on(mut self, wire: Wire) -> Self {
        self.wire = wire;
        self
    }

    /// Sets the session, on the wires that have one.
    pub fn session(mut self, id: impl Into<String>) -> Self {
        self.session = id.into();
        self
    }

    /// Sets the id of the calling agent, on the Agents wires.
    pub fn agent(mut self, id: impl Into<String>) -> Self {
        self.agent = id.into();
        self
    }

    /// Sets the caller's identity: a session attribute on the Agents wires, the router's declared header on the
    /// gateway, the router's declared claim on mcp. The direct wire carries no identity.
    pub fn identity(mut self, name: &str, value: impl Into<String>) -> Self {
        let value = value.into();
        let declared = &self.service.declared().headers;
        if let Some((header, _)) = declared.iter().find(|(_, attribute)| attribute == name) {
            self.headers.insert(header.clone(), value.clone());
        }
        let claims = &self.service.declared().claims;
        if let Some((claim, _)) = claims.iter().find(|(_, attribute)| attribute == name) {
            self.claims.insert(claim.clone(), value.clone());
        }
        self.attributes.insert(name.to_owned(), value);
        self
    }

    /// Sets a session attribute, on the Agents wires.
    pub fn attribute(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.insert(name.into(), value.into());
        self
    }

    /// Sets a prompt session attribute, on the Agents wires.
    pub fn prompt_attribute(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.prompt_attributes.insert(name.into(), value.into());
        self
    }

    /// Sets a header that the gateway passes on.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.insert(name.into(), value.into());
        self
    }

    /// Sets the time until Lambda would stop the function. The default is no deadline.
    pub fn deadline(mut self, time: Duration) -> Self {
        self.deadline = Some(time);
        self
    }

    /// The Lambda event and its client context, for another way of sending them.
    pub fn event(&self) -> (Value, Option<Value>) {
        match self.wire {
            Wire::Function => {
                let mut event = self.agents();
                event.insert("function".into(), self.tool.clone().into());
                event.insert("parameters".into(), self.parameters());
                (event.into(), None)
            }
            Wire::Api => {
                let mut event = self.agents();
                event.insert("apiPath".into(), format!("/{}", self.tool).into());
                event.insert("httpMethod".into(), "POST".into());
                let body = json!({"content": {"application/json": {"properties": self.parameters()}}});
                event.insert("requestBody".into(), body);
                (event.into(), None)
            }
            Wire::Gateway => {
                let tool = format!("{}___{}", self.service.group(), self.tool);
                let mut custom = json!({"bedrockAgentCoreToolName": tool});
                if let (Some(custom), false) = (custom.as_object_mut(), self.headers.is_empty()) {
                    custom.insert("bedrockAgentCorePropagatedHeaders".into(), json!(self.headers));
                }
                (self.input.clone(), Some(json!({"custom": custom})))
            }
            Wire::Mcp => (self.http(), None),
            Wire::Direct => (json!({"toolName": self.tool, "toolInput": self.input}), None),
        }
    }

    /// A request of an MCP client, from a caller whom a JWT authorizer has verified.
    fn http(&self) -> Value {
        let (meta, version) = ("io.modelcontextprotocol", "2026-07-28");
        let body = json!({
            "jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": {"name": self.tool, "arguments": self.input, "_meta": {
                format!("{meta}/protocolVersion"): version, format!("{meta}/clientCapabilities"): {},
            }},
        });
        let mut claims = json!(self.claims);
        if self.claims.is_empty() {
            claims = json!({"iss": "https://issuer.example"});
        }
        json!({
            "version": "2.0", "rawPath": "/mcp", "isBase64Encoded": false, "body": body.to_string(),
            "headers": {
                "content-type": "application/json", "accept": "application/json, text/event-stream",
                "mcp-protocol-version": version, "mcp-method": "tools/call", "mcp-name": self.tool,
            },
            "requestContext": {
                "domainName": "tools.example", "http": {"method": "POST", "path": "/mcp"},
                "authorizer": {"jwt": {"claims": claims, "scopes": []}},
            },
        })
    }

    fn agents(&self) -> Map<String, Value> {
        let event = json!({
            "messageVersion": "1.0",
            "agent": {"name": "test", "id": self.agent, "alias": "TESTALIAS1", "version": "1"},
            "inputText": "a test",
            "sessionId": self.session,
            "actionGroup": self.service.group(),
            "sessionAttributes": self.attributes,
            "promptSessionAttributes": self.prompt_attributes,
        });
        if let Value::Object(event) = event { event } else { Map::new() }
    }

    /// The input as Bedrock Agents sends it: all values as text.
    fn parameters(&self) -> Value {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let kind = |value: &Value| match value {
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "number",
            Value::Number(_) => "integer",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
            Value::String(_) | Value::Null => "string",
        };
        let parameter =
            |(name, value): (&String, &Value)| json!({"name": name, "type": kind(value), "value": text(value)});
        self.input.as_object().into_iter().flatten().map(parameter).collect()
    }

    fn context(&self, client_context: Option<&Value>) -> Context {
        let mut context = context(client_context);
        if let Some(time) = self.deadline {
            let at = SystemTime::now() + time;
            let millis = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
            context.deadline = u64::try_from(millis).unwrap_or(u64::MAX);
        }
        context
    }
}

impl<'a, S: Send + Sync + 'static> IntoFuture for TestCall<'a, S> {
    type Output = Reply;
    type IntoFuture = Pin<Box<dyn Future<Output = Reply> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        let (event, client_context) = self.event();
        let context = self.context(client_context.as_ref());
        let (service, wire) = (self.service.answering(self.wire), self.wire);
        Box::pin(async move { Reply::new(wire, service.handle(event, &context).await) })
    }
}

impl<S> fmt::Debug for TestCall<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestCall").field("tool", &self.tool).field("wire", &self.wire).finish_non_exhaustive()
    }
}
