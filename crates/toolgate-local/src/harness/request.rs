//! The body of InvokeHarness, validated against the service's model. What this platform does not have is refused.

use serde::{Deserialize, de::IgnoredAny};
use serde_json::{Map, Value};
use toolgate_models::{Block, Inference, Message, Role};
use toolgate_template::{HarnessToolKind, HarnessToolSpec, OutboundAuth, guardrail_id};

use super::{
    error::{HarnessError, Kind},
    shapes,
};
use crate::http::service_model::Problems;

/// A request body.
#[derive(Debug)]
pub(crate) struct InvokeHarness {
    pub(crate) input: Input,
    /// The messages as they arrived, for the hooks.
    pub(crate) messages: Vec<Value>,
    pub(crate) model: Option<ModelOverride>,
    pub(crate) system: Option<String>,
    pub(crate) tools: Option<Vec<HarnessToolSpec>>,
    pub(crate) allowed_tools: Option<Vec<String>>,
    pub(crate) max_iterations: Option<u32>,
    pub(crate) max_tokens: Option<u32>,
    pub(crate) timeout_seconds: Option<u32>,
}

/// The messages of a request.
#[derive(Debug)]
pub(crate) enum Input {
    /// New input. The last message is the user's, and roles alternate.
    Messages(Vec<Message>),
    /// The result of an inline function.
    Result(InlineResult),
}

/// The result of an inline function, which the caller has run.
#[derive(Debug, Clone)]
pub(crate) struct InlineResult {
    pub(crate) id: String,
    pub(crate) text: String,
    pub(crate) error: bool,
}

/// The model and its settings for one invocation.
#[derive(Debug)]
pub(crate) struct ModelOverride {
    pub(crate) id: String,
    pub(crate) inference: Inference,
    /// The id of its guardrail.
    pub(crate) guardrail: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    messages: Vec<InputMessage>,
    #[serde(default)]
    model: Map<String, Value>,
    system_prompt: Option<Vec<TextBlock>>,
    tools: Option<Vec<ToolBody>>,
    #[serde(default)]
    skills: Vec<Value>,
    allowed_tools: Option<Vec<String>>,
    max_iterations: Option<i64>,
    max_tokens: Option<i64>,
    timeout_seconds: Option<i64>,
}

#[derive(Debug, Deserialize)]
struct InputMessage {
    role: String,
    content: Vec<InputBlock>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum InputBlock {
    Text(String),
    #[serde(rename_all = "camelCase")]
    ToolResult {
        tool_use_id: String,
        content: Vec<Map<String, Value>>,
        status: Option<String>,
    },
    ToolUse(IgnoredAny),
    ReasoningContent(IgnoredAny),
}

#[derive(Debug, Deserialize)]
struct TextBlock {
    text: String,
}

#[derive(Debug, Deserialize)]
struct ToolBody {
    #[serde(rename = "type")]
    kind: String,
    name: Option<String>,
    #[serde(default)]
    config: Map<String, Value>,
}

impl InvokeHarness {
    /// Parses a body and adds the problems of its shape to the problems of the request.
    ///
    /// # Errors
    /// A validation error: all problems of the shape, or the first member that cannot be used.
    pub(crate) fn read(body: &[u8], mut problems: Problems) -> Result<Self, HarnessError> {
        let body: &[u8] = if body.trim_ascii().is_empty() { b"{}" } else { body };
        let mut value: Value = serde_json::from_slice(body).map_err(|error| {
            HarnessError::new(Kind::CannotParse, format!("the request body is not valid JSON: {error}"))
        })?;
        if !value.is_object() {
            return Err(HarnessError::new(Kind::CannotParse, "the request body must be a JSON object"));
        }
        problems.check("", &value, &shapes::INVOKE_HARNESS);
        problems.finish()?;
        shapes::INVOKE_HARNESS.keep(&mut value);
        let messages = value.get("messages").and_then(Value::as_array).cloned().unwrap_or_default();
        let body: Body = serde_json::from_value(value)
            .map_err(|error| HarnessError::new(Kind::CannotParse, format!("the request body is invalid: {error}")))?;
        if !body.skills.is_empty() {
            return Err(HarnessError::field("skills", "skills do not exist on this machine"));
        }
        Ok(Self {
            input: input(body.messages)?,
            messages,
            model: model(body.model)?,
            system: body.system_prompt.map(|blocks| joined(blocks.into_iter().map(|block| block.text))),
            tools: body.tools.map(|tools| tools.into_iter().map(tool).collect()).transpose()?,
            allowed_tools: body.allowed_tools,
            max_iterations: limit("maxIterations", body.max_iterations)?,
            max_tokens: limit("maxTokens", body.max_tokens)?,
            timeout_seconds: limit("timeoutSeconds", body.timeout_seconds)?,
        })
    }
}

fn joined(texts: impl Iterator<Item = String>) -> String {
    texts.collect::<Vec<_>>().join("\n\n")
}

fn limit(name: &str, value: Option<i64>) -> Result<Option<u32>, HarnessError> {
    let Some(value) = value else { return Ok(None) };
    let limit = u32::try_from(value).ok().filter(|limit| *limit > 0);
    limit.map(Some).ok_or_else(|| HarnessError::field(name, format!("`{name}` must be at least 1")))
}

/// New input, or the result of an inline function. A `toolUse` that a client sends back with a result is ignored, since
/// the session has it.
fn input(messages: Vec<InputMessage>) -> Result<Input, HarnessError> {
    let mut results = Vec::new();
    let mut kept: Vec<Message> = Vec::new();
    for message in messages {
        let is_user = message.role == "user";
        let mut texts = Vec::new();
        for block in message.content {
            match block {
                InputBlock::Text(text) if !text.trim().is_empty() => texts.push(Block::Text(text)),
                InputBlock::ToolResult { tool_use_id, content, status } if is_user => {
                    results.push(result(tool_use_id, content, status.as_deref())?);
                }
                InputBlock::ToolResult { .. } => {
                    return Err(HarnessError::field("messages", "a `toolResult` belongs to a message of the user"));
                }
                InputBlock::Text(_) => {}
                InputBlock::ToolUse(_) | InputBlock::ReasoningContent(_) if !is_user => {}
                InputBlock::ToolUse(_) | InputBlock::ReasoningContent(_) => {
                    let message = "`toolUse` and `reasoningContent` belong to messages of the assistant";
                    return Err(HarnessError::field("messages", message));
                }
            }
        }
        let role = if is_user { Role::User } else { Role::Assistant };
        match kept.last_mut() {
            _ if texts.is_empty() => {}
            Some(last) if last.role == role => last.content.extend(texts),
            _ => kept.push(Message { role, content: texts }),
        }
    }
    let asks = kept.last().is_some_and(|last| last.role == Role::User);
    match (results.len(), asks) {
        (0, true) => Ok(Input::Messages(kept)),
        (0, false) => Err(HarnessError::field("messages", "the last message must be of the user, with text")),
        (1, false) => Ok(Input::Result(results.remove(0))),
        (1, true) => {
            let message = "send the `toolResult` alone, without new text: the invocation goes on with the result";
            Err(HarnessError::field("messages", message))
        }
        _ => Err(HarnessError::field("messages", "send one `toolResult` at a time, for the oldest open call")),
    }
}

fn result(id: String, content: Vec<Map<String, Value>>, status: Option<&str>) -> Result<InlineResult, HarnessError> {
    let text = |mut block: Map<String, Value>| match block.remove("text") {
        Some(Value::String(text)) => Ok(text),
        _ => {
            let message = "a `toolResult` takes `text` blocks; write JSON as text, because the service is reported to \
                           refuse `json` blocks";
            Err(HarnessError::field("messages", message))
        }
    };
    let texts = content.into_iter().map(text).collect::<Result<Vec<_>, _>>()?;
    Ok(InlineResult { id, text: texts.join("\n"), error: status == Some("error") })
}

fn model(mut given: Map<String, Value>) -> Result<Option<ModelOverride>, HarnessError> {
    if given.is_empty() {
        return Ok(None);
    }
    let Some(mut config) = given.remove("bedrockModelConfig") else {
        let message = "only `bedrockModelConfig` is served here; `toolgate dev --model` chooses other models";
        return Err(HarnessError::field("model", message));
    };
    let guardrail = config.get("additionalParams").and_then(Value::as_object).map(guardrail).transpose()?.flatten();
    if config.get("apiFormat").is_some_and(|format| format != "converse_stream") {
        return Err(HarnessError::field("model", "only the `apiFormat` `converse_stream` is served here"));
    }
    let inference = Inference {
        temperature: config.get("temperature").and_then(Value::as_f64),
        top_p: config.get("topP").and_then(Value::as_f64),
        max_tokens: config.get("maxTokens").and_then(Value::as_u64).and_then(|most| most.try_into().ok()),
        ..Inference::default()
    };
    let id = config.get_mut("modelId").map(Value::take);
    let id = id.and_then(|id| id.as_str().map(str::to_owned)).unwrap_or_default();
    Ok(Some(ModelOverride { id, inference, guardrail }))
}

/// The guardrail of another model configuration.
fn guardrail(more: &Map<String, Value>) -> Result<Option<String>, HarnessError> {
    if more.keys().any(|name| name != "guardrailConfig") {
        return Err(HarnessError::field("model", "of `additionalParams`, only `guardrailConfig` is served here"));
    }
    let Some(configuration) = more.get("guardrailConfig") else { return Ok(None) };
    let text = |name: &str| configuration.get(name).and_then(Value::as_str);
    match (text("guardrailIdentifier"), text("guardrailVersion")) {
        (Some(id), Some(_)) => Ok(Some(guardrail_id(id).to_owned())),
        _ => {
            let message = "`guardrailConfig` needs `guardrailIdentifier` and `guardrailVersion`";
            Err(HarnessError::field("model", message))
        }
    }
}

fn outbound_auth(given: Option<&Value>) -> Result<OutboundAuth, HarnessError> {
    let kind = given.and_then(Value::as_object).and_then(|auth| auth.keys().next());
    match kind.map_or("awsIam", String::as_str) {
        "awsIam" => Ok(OutboundAuth::AwsIam),
        "none" => Ok(OutboundAuth::None),
        "oauth" => Ok(OutboundAuth::OAuth { provider_arn: String::new(), scopes: Vec::new() }),
        _ => Err(HarnessError::field("tools", "`outboundAuth` must be `awsIam`, `none` or `oauth`")),
    }
}

fn tool(tool: ToolBody) -> Result<HarnessToolSpec, HarnessError> {
    let ToolBody { kind, name, config } = tool;
    let text = |path: &str| {
        let value = config.values().next().and_then(|config| config.pointer(path)?.as_str());
        value.map(str::to_owned)
    };
    let member = match kind.as_str() {
        "agentcore_gateway" => "agentCoreGateway",
        "remote_mcp" => "remoteMcp",
        "inline_function" => "inlineFunction",
        _ => {
            let message = format!("a tool of the type `{kind}` does not exist on this machine");
            return Err(HarnessError::field("tools", message));
        }
    };
    let Some(settings) = config.get(member) else {
        return Err(HarnessError::field("tools", format!("a tool of the type `{kind}` needs `config.{member}`")));
    };
    let spec = match member {
        "agentCoreGateway" => {
            let auth = outbound_auth(settings.get("outboundAuth"))?;
            HarnessToolKind::Gateway { arn: text("/gatewayArn").unwrap_or_default(), auth }
        }
        "remoteMcp" => {
            let auth = settings.get("outboundAuth").and_then(Value::as_object);
            if auth.is_some_and(|auth| auth.keys().any(|kind| kind != "none")) {
                let message = "`outboundAuth` other than `none` is not served here, because nothing signs requests";
                return Err(HarnessError::field("tools", message));
            }
            let headers = settings.get("headers").and_then(Value::as_object).into_iter().flatten();
            let header = |(name, value): (&String, &Value)| Some((name.clone(), value.as_str()?.to_owned()));
            let url = text("/url").unwrap_or_default();
            HarnessToolKind::RemoteMcp { url, headers: headers.filter_map(header).collect() }
        }
        _ => HarnessToolKind::Inline {
            description: text("/description").unwrap_or_default(),
            input_schema: settings.get("inputSchema").cloned().unwrap_or_default(),
        },
    };
    if name.is_none() && member == "inlineFunction" {
        return Err(HarnessError::field("tools", "an inline function needs a `name`"));
    }
    Ok(HarnessToolSpec { name: name.unwrap_or(kind), kind: spec })
}
