//! The names in spans, pinned to these versions:
//!
//! - `gen_ai.*` and `mcp.*`: GenAI semantic conventions v0.1.0
//!   (<https://github.com/open-telemetry/semantic-conventions-genai/tree/v0.1.0>). All of them are in development.
//! - all others: semantic conventions 1.37 (<https://opentelemetry.io/docs/specs/semconv/>).
//! - `toolgate.*` are our own.
//!
//! The conventions also have names for the values of a call, such as the arguments of a tool. They are not listed here,
//! because values are never recorded.

/// The scope of all spans.
pub const SCOPE: &str = "toolgate";
/// The conventions of the resource and of the spans.
pub const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.37.0";

/// The kind of the error, as in the reply.
pub const ERROR_TYPE: &str = "error.type";

/// What is done: [`EXECUTE_TOOL`], [`INVOKE_AGENT`] or [`CHAT`].
pub const OPERATION: &str = "gen_ai.operation.name";
/// The call of a tool.
pub const EXECUTE_TOOL: &str = "execute_tool";
/// The turn of an agent.
pub const INVOKE_AGENT: &str = "invoke_agent";
/// The turn of a model.
pub const CHAT: &str = "chat";
/// The name of a tool.
pub const TOOL_NAME: &str = "gen_ai.tool.name";
/// The type of a tool: [`FUNCTION`].
pub const TOOL_TYPE: &str = "gen_ai.tool.type";
/// A tool that is a function.
pub const FUNCTION: &str = "function";
/// The name of an agent.
pub const AGENT_NAME: &str = "gen_ai.agent.name";
/// The service behind an agent or a model.
pub const PROVIDER: &str = "gen_ai.provider.name";
/// The local agent in the place of a service.
pub const LOCAL: &str = "toolgate";
/// The requested model.
pub const MODEL: &str = "gen_ai.request.model";
/// The tokens of a model's input.
pub const INPUT_TOKENS: &str = "gen_ai.usage.input_tokens";
/// The tokens of a model's output.
pub const OUTPUT_TOKENS: &str = "gen_ai.usage.output_tokens";

/// The method of an MCP request.
pub const MCP_METHOD: &str = "mcp.method.name";
/// The method of a tool call.
pub const TOOLS_CALL: &str = "tools/call";
/// The version of MCP.
pub const MCP_VERSION: &str = "mcp.protocol.version";

/// Lambda's request id.
pub const INVOCATION_ID: &str = "faas.invocation_id";
/// The function that is called.
pub const INVOKED_NAME: &str = "faas.invoked_name";
/// Whether this is the first call of an instance.
pub const COLD_START: &str = "faas.coldstart";

/// The database: [`DYNAMODB`].
pub const DB_SYSTEM: &str = "db.system.name";
/// DynamoDB.
pub const DYNAMODB: &str = "aws.dynamodb";
/// The operation of a database request.
pub const DB_OPERATION: &str = "db.operation.name";

/// The event of a gate.
pub const GATE: &str = "toolgate.gate";
/// The name of a gate.
pub const GATE_NAME: &str = "toolgate.gate.name";
/// The verdict of a gate.
pub const GATE_VERDICT: &str = "toolgate.gate.verdict";
/// The time in a gate, in milliseconds.
pub const GATE_MS: &str = "toolgate.gate.duration_ms";
/// Whether a policy, a guardrail or a hook stopped what it checked: `passed` or `stopped`.
pub const VERDICT: &str = "toolgate.verdict";
/// The wire of a call.
pub const WIRE: &str = "toolgate.wire";
/// The number of dropped output fields.
pub const DROPPED: &str = "toolgate.dropped_fields";
