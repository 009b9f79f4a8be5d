//! The event that a harness sends to a hook.

use serde::Deserialize;
use serde_json::Value;

/// A moment in an invocation of a harness at which your function decides.
///
/// `Debug` shows no message, no input and no result, because they come from a user, a model or a tool.
#[derive(Clone)]
#[non_exhaustive]
pub struct HookEvent {
    /// The name of the hook in the harness.
    pub name: String,
    /// The ARN of the harness.
    pub harness_arn: String,
    /// The session of the invocation. A caller chooses it, so it is no identity.
    pub session_id: String,
    /// What is about to happen, or has happened.
    pub moment: Moment,
}

/// What is about to happen in an invocation, or has happened.
#[derive(Clone)]
#[non_exhaustive]
pub enum Moment {
    /// The invocation begins. A deny ends it.
    BeforeInvocation {
        /// The number of messages of this request, as the harness counts them.
        message_count: u64,
        /// The messages of this request, the latest ones where they are too long.
        messages: Vec<Value>,
    },
    /// A tool is about to be called. A deny is an error result of this call, and the invocation goes on.
    BeforeToolCall {
        /// The name of the tool, such as `stock___get_item`.
        tool: String,
        /// `builtin`, `remote_mcp`, `agentcore_gateway` or `inline_function`.
        kind: String,
        /// The input. `None` if the harness has cut it off: then it cannot be judged.
        input: Option<Value>,
        /// The id of the call.
        call_id: String,
    },
    /// A tool was called. A deny ends the invocation.
    AfterToolCall {
        /// The name of the tool.
        tool: String,
        /// `builtin`, `remote_mcp`, `agentcore_gateway` or `inline_function`.
        kind: String,
        /// The result as the model gets it. `None` if the harness has cut it off.
        result: Option<Value>,
        /// The id of the call.
        call_id: String,
    },
    /// The invocation has ended. A deny has no effect.
    AfterInvocation {
        /// Why it ended, such as `end_turn`.
        stop_reason: String,
        /// The tokens of all model calls. `None` if the event has none: their number is not known then.
        usage: Option<Usage>,
    },
}

/// The tokens that an invocation has used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Usage {
    /// Tokens that the models have read.
    pub input_tokens: u64,
    /// Tokens that the models have written.
    pub output_tokens: u64,
}

/// The event is not one that this version knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotAHookEvent;

impl std::fmt::Display for NotAHookEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("this is not a known lifecycle event of a harness")
    }
}

impl std::error::Error for NotAHookEvent {}

impl std::fmt::Debug for HookEvent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HookEvent").field("name", &self.name).field("moment", &self.moment).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Moment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::BeforeInvocation { .. } => "BeforeInvocation",
            Self::BeforeToolCall { .. } => "BeforeToolCall",
            Self::AfterToolCall { .. } => "AfterToolCall",
            Self::AfterInvocation { .. } => "AfterInvocation",
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    name: String,
    event: String,
    harness_arn: String,
    session_id: String,
    context: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    message_count: u64,
    messages: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolCall {
    tool_name: String,
    tool_type: String,
    tool_use_id: String,
    #[serde(default)]
    tool_input: Option<Value>,
    #[serde(default)]
    tool_result: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ended {
    #[serde(default)]
    stop_reason: String,
    usage: Option<Value>,
}

impl HookEvent {
    /// Decodes the event of a hook.
    ///
    /// # Errors
    /// [`NotAHookEvent`]: a member is missing, or the event is one that this version does not know.
    pub fn decode(event: Value) -> Result<Self, NotAHookEvent> {
        let wire: Wire = serde_json::from_value(event).map_err(|_| NotAHookEvent)?;
        let moment = match wire.event.as_str() {
            "before_invocation" => {
                let Invocation { message_count, messages } = context(wire.context)?;
                Moment::BeforeInvocation { message_count, messages }
            }
            "before_tool_call" => {
                let call: ToolCall = context(wire.context)?;
                // an input is an object; a text that is no longer one has been cut off
                let input = whole(call.tool_input.ok_or(NotAHookEvent)?).filter(Value::is_object);
                Moment::BeforeToolCall { tool: call.tool_name, kind: call.tool_type, input, call_id: call.tool_use_id }
            }
            "after_tool_call" => {
                let call: ToolCall = context(wire.context)?;
                let result = whole(call.tool_result.ok_or(NotAHookEvent)?);
                Moment::AfterToolCall { tool: call.tool_name, kind: call.tool_type, result, call_id: call.tool_use_id }
            }
            "after_invocation" => {
                let Ended { stop_reason, usage } = context(wire.context)?;
                // A deny has no effect here, so a usage that cannot be read is one that is not known.
                let usage = usage.and_then(|usage| serde_json::from_value(usage).ok());
                Moment::AfterInvocation { stop_reason, usage }
            }
            _ => return Err(NotAHookEvent),
        };
        Ok(Self { name: wire.name, harness_arn: wire.harness_arn, session_id: wire.session_id, moment })
    }
}

fn context<T: serde::de::DeserializeOwned>(context: Value) -> Result<T, NotAHookEvent> {
    serde_json::from_value(context).map_err(|_| NotAHookEvent)
}

/// A value that arrives as an object or as its JSON text. `None` if the harness has cut it off.
fn whole(value: Value) -> Option<Value> {
    let value = match value {
        Value::String(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        value => value,
    };
    let is_cut = value.get("truncated").is_some_and(|truncated| truncated == true) && value.get("preview").is_some();
    (!is_cut).then_some(value)
}
