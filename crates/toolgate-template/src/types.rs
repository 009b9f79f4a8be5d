//! The parts of a SAM template that a laptop needs: functions, tables, agents and the gateway, fully evaluated.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use serde_json::Value;

use crate::guardrail::GuardrailSpec;
use crate::knowledge::{AgentKnowledgeBase, KnowledgeBaseSpec};
use crate::outbound::OutboundAuth;
use crate::policies::PolicyEngineSpec;
use crate::prompt::{Inference, PromptSpec};
use crate::url::UrlSpec;

/// The parts of a template that a laptop needs.
#[derive(Debug, Clone, Default)]
pub struct Template {
    /// The path of the template. Relative paths in it start at its folder.
    pub path: PathBuf,
    /// The Lambda functions, in the template's order.
    pub functions: Vec<FunctionSpec>,
    /// The functions without tools that have a URL, in the template's order.
    pub fronts: Vec<FunctionSpec>,
    /// The logical ids of functions that are not cargo-lambda binaries. The local agent cannot run them.
    pub other_functions: Vec<String>,
    /// The DynamoDB tables, in the template's order.
    pub tables: Vec<TableSpec>,
    /// The logical id of the table of calls that wait for a person (`Metadata.Toolgate.Approvals`), if the template names
    /// one.
    pub approvals: Option<String>,
    /// How many US dollars a session may cost (`Metadata.Toolgate.SessionUsd`), if the template says so.
    pub session_usd: Option<String>,
    /// The agents, in the template's order.
    pub agents: Vec<AgentSpec>,
    /// The AgentCore Gateway, if the template has one.
    pub gateway: Option<GatewaySpec>,
    /// The guardrails, in the template's order.
    pub guardrails: Vec<GuardrailSpec>,
    /// The knowledge bases, in the template's order.
    pub knowledge_bases: Vec<KnowledgeBaseSpec>,
    /// The AgentCore harnesses, in the template's order.
    pub harnesses: Vec<HarnessSpec>,
    /// The program that fills the tables (`Metadata.Toolgate.Seed.Binary`), if the template names one.
    pub seed: Option<SeedSpec>,
}

/// A program that fills new tables. It runs once at each start of the local agent.
#[derive(Debug, Clone)]
pub struct SeedSpec {
    /// The name of the binary.
    pub binary: String,
    /// Its environment variables, evaluated.
    pub environment: BTreeMap<String, String>,
}

/// One Lambda function whose code is a cargo-lambda binary.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionSpec {
    /// The logical id in the template (`OrdersFunction`).
    pub logical_id: String,
    /// The binary, from `Metadata.BuildProperties.Binary` (`orders`): the handler's name.
    pub binary: String,
    /// Its environment variables, evaluated.
    pub environment: BTreeMap<String, String>,
    /// The timeout of one invocation.
    pub timeout: Duration,
    /// The memory size, in MB.
    pub memory_mb: u32,
    /// Its URL, if the template gives it one.
    pub url: Option<UrlSpec>,
}

/// One DynamoDB table.
#[derive(Debug, Clone)]
pub struct TableSpec {
    /// The logical id in the template.
    pub logical_id: String,
    /// The table's name: the template's `TableName`, or the logical id if there is none.
    pub name: String,
    /// The body of a `CreateTable` request (PascalCase, as in the API), without members that a laptop does not need.
    pub create: Value,
    /// The attribute with an item's expiry time, if TTL is enabled.
    pub ttl_attribute: Option<String>,
}

/// One agent.
#[derive(Debug, Clone)]
pub struct AgentSpec {
    /// The logical id in the template, which is the agent's id here (`Orders`).
    pub id: String,
    /// `AgentName`.
    pub name: String,
    /// Its aliases: those of the template, and `TSTALIASID`.
    pub aliases: Vec<String>,
    /// `Instruction`: the system prompt.
    pub instruction: String,
    /// `FoundationModel`, evaluated.
    pub foundation_model: String,
    /// Whether `AgentCollaboration` is `SUPERVISOR` or `SUPERVISOR_ROUTER`.
    pub supervisor: bool,
    /// Whether it is `SUPERVISOR_ROUTER`: a task for one collaborator goes directly to it.
    pub routes: bool,
    /// The agents that it may call.
    pub collaborators: Vec<CollaboratorSpec>,
    /// Its enabled action groups.
    pub action_groups: Vec<ActionGroupSpec>,
    /// The idle timeout of a session.
    pub idle_ttl: Duration,
    /// The prompt override for its model.
    pub prompt: PromptSpec,
    /// The guardrail of its input and output, if it has one: the logical id of one of the template's, or an id of AWS.
    pub guardrail: Option<String>,
    /// The knowledge bases that its model may search.
    pub knowledge_bases: Vec<AgentKnowledgeBase>,
}

/// An agent that a supervisor may call.
#[derive(Debug, Clone)]
pub struct CollaboratorSpec {
    /// `CollaboratorName`, which the supervisor's model sees.
    pub name: String,
    /// The logical id of its agent.
    pub agent_id: String,
    /// `CollaborationInstruction`: when to call it.
    pub instruction: String,
    /// `RelayConversationHistory: TO_COLLABORATOR`.
    pub relay_history: bool,
}

/// One action group of an agent.
#[derive(Debug, Clone)]
pub struct ActionGroupSpec {
    /// `ActionGroupName`.
    pub name: String,
    /// `Description`.
    pub description: String,
    /// The logical id of the function that runs it; `None` for `RETURN_CONTROL` and the `AMAZON.` groups.
    pub function: Option<String>,
    /// `ParentActionGroupSignature`, such as `AMAZON.UserInput`.
    pub signature: Option<String>,
    /// Its tools.
    pub schema: GroupSchema,
}

/// How an action group defines its tools.
#[derive(Debug, Clone)]
pub enum GroupSchema {
    /// `FunctionSchema`: calls use the function wire.
    Functions(Vec<FunctionSchema>),
    /// `ApiSchema`: an OpenAPI document. Calls use the api wire.
    Api(Value),
    /// None, as for `AMAZON.UserInput`.
    None,
}

impl GroupSchema {
    /// The names of its tools: of its functions, or the `operationId` of each operation.
    pub fn tools(&self) -> Vec<&str> {
        match self {
            Self::Functions(functions) => functions.iter().map(|function| function.name.as_str()).collect(),
            Self::Api(document) => {
                let paths = document.get("paths").and_then(Value::as_object).into_iter().flatten();
                let operations = paths.flat_map(|(_, methods)| methods.as_object().into_iter().flatten());
                operations.filter_map(|(_, operation)| operation.get("operationId")?.as_str()).collect()
            }
            Self::None => Vec::new(),
        }
    }
}

/// One function of a `FunctionSchema`.
#[derive(Debug, Clone)]
pub struct FunctionSchema {
    /// `Name`: the tool's name.
    pub name: String,
    /// `Description`.
    pub description: String,
    /// `Parameters`.
    pub parameters: BTreeMap<String, ParameterSchema>,
    /// `RequireConfirmation: ENABLED`.
    pub require_confirmation: bool,
}

/// One parameter of a function.
#[derive(Debug, Clone)]
pub struct ParameterSchema {
    /// `string`, `number`, `integer`, `boolean` or `array`.
    pub kind: String,
    /// `Description`.
    pub description: String,
    /// `Required`.
    pub required: bool,
}

/// An AgentCore Gateway.
#[derive(Debug, Clone)]
pub struct GatewaySpec {
    /// The logical id in the template.
    pub logical_id: String,
    /// `Name`.
    pub name: String,
    /// The id in AgentCore's format: the name and ten more characters.
    pub id: String,
    /// Its ARN, which policies refer to.
    pub arn: String,
    /// `Instructions` for its clients.
    pub instructions: Option<String>,
    /// `SupportedVersions` of MCP; empty for all versions that AgentCore supports.
    pub versions: Vec<String>,
    /// Whether long tool lists are paginated.
    pub paged: bool,
    /// `ExceptionLevel: DEBUG`: clients get detailed errors.
    pub debug: bool,
    /// `AuthorizerType`.
    pub authorizer: Option<String>,
    /// The required claims of callers' tokens.
    pub tokens: TokenSpec,
    /// The targets that are functions of this template.
    pub targets: Vec<TargetSpec>,
    /// The interceptors of requests or responses.
    pub interceptors: Vec<InterceptorSpec>,
    /// The policy engine; `None` if the gateway has none.
    pub engine: Option<PolicyEngineSpec>,
}

/// `CustomJWTAuthorizer`: the required claims of a token.
#[derive(Debug, Clone, Default)]
pub struct TokenSpec {
    /// `AllowedAudience`.
    pub audiences: Vec<String>,
    /// `AllowedClients`.
    pub clients: Vec<String>,
    /// `AllowedScopes`.
    pub scopes: Vec<String>,
}

/// A target: a function and its tools.
#[derive(Debug, Clone)]
pub struct TargetSpec {
    /// `Name`, which precedes `___` in the names of its tools.
    pub name: String,
    /// The logical id of the function.
    pub function: String,
    /// The tools as CloudFormation writes them (`Name`, `Description`, `InputSchema`, `OutputSchema`).
    pub tools: Vec<Value>,
    /// `AllowedRequestHeaders`, passed on to the function.
    pub headers: Vec<String>,
    /// `AllowedQueryParameters`, passed on to the function.
    pub query: Vec<String>,
}

/// An interceptor of a gateway's requests or responses.
#[derive(Debug, Clone)]
pub struct InterceptorSpec {
    /// The function.
    pub function: FunctionSpec,
    /// Whether it gets requests, before the policies and the tool.
    pub request: bool,
    /// Whether it gets responses, before the client.
    pub response: bool,
    /// Whether it gets the request's headers.
    pub pass_headers: bool,
}

/// An AgentCore harness: a managed agent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HarnessSpec {
    /// The logical id in the template, which is the harness's name in scenarios and options here (`Harness`).
    pub id: String,
    /// The id in AgentCore's format: the logical id and ten more characters.
    pub harness_id: String,
    /// Its ARN.
    pub arn: String,
    /// `HarnessName`.
    pub name: String,
    /// The name of its execution role. The gateway's policies see its calls as calls of this role.
    pub role: String,
    /// `Model.BedrockModelConfig.ModelId`, evaluated.
    pub model: String,
    /// The inference settings of the model.
    pub inference: Inference,
    /// The guardrail that the model's `AdditionalParams: guardrailConfig` names: the logical id of one of this template,
    /// or else an id of AWS.
    pub guardrail: Option<String>,
    /// The texts of `SystemPrompt`.
    pub system: Vec<String>,
    /// Its tools, in the template's order.
    pub tools: Vec<HarnessToolSpec>,
    /// `AllowedTools`; `None` allows all tools.
    pub allowed_tools: Option<Vec<String>>,
    /// The maximum number of model turns of an invocation.
    pub max_iterations: u32,
    /// The maximum number of output tokens of an invocation.
    pub max_tokens: Option<u32>,
    /// The maximum duration of an invocation.
    pub timeout: Duration,
    /// The names of its endpoints, without `DEFAULT`.
    pub endpoints: Vec<String>,
    /// The lifecycle hooks, in the template's order.
    pub hooks: Vec<HookSpec>,
    /// The properties that have no effect on a laptop, such as `Memory`.
    pub not_run: Vec<String>,
}

/// A lifecycle hook of a harness.
#[derive(Debug, Clone, PartialEq)]
pub struct HookSpec {
    /// Its name, which is unique in the harness.
    pub name: String,
    /// When it is called.
    pub moment: HookMoment,
    /// What is called.
    pub target: HookTarget,
}

/// The moments in an invocation of a harness at which hooks are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HookMoment {
    /// `BeforeInvocation`.
    BeforeInvocation,
    /// `BeforeToolCall`.
    BeforeToolCall,
    /// `AfterToolCall`.
    AfterToolCall,
    /// `AfterInvocation`.
    AfterInvocation,
}

/// The target of a hook.
#[derive(Debug, Clone, PartialEq)]
pub enum HookTarget {
    /// A function, which decides.
    Lambda {
        /// The function.
        function: FunctionSpec,
        /// How long its answer may take.
        timeout: Duration,
        /// Whether a function without an answer allows (`FailureMode: allow`). The default is to deny.
        allow_on_failure: bool,
    },
    /// An SNS topic, which decides nothing.
    Sns,
    /// An event bus, which decides nothing.
    EventBridge,
}

/// An entry of a harness's tools.
#[derive(Debug, Clone, PartialEq)]
pub struct HarnessToolSpec {
    /// `Name`: the entry's name in `AllowedTools`.
    pub name: String,
    /// What the entry is.
    pub kind: HarnessToolKind,
}

/// The kinds of tools of a harness.
#[derive(Debug, Clone, PartialEq)]
pub enum HarnessToolKind {
    /// `agentcore_gateway`: the tools of a gateway.
    Gateway {
        /// The gateway's ARN.
        arn: String,
        /// How the harness authenticates there.
        auth: OutboundAuth,
    },
    /// `remote_mcp`: the tools of an MCP server.
    RemoteMcp {
        /// The server's URL.
        url: String,
        /// The headers of each request.
        headers: Vec<(String, String)>,
    },
    /// `inline_function`: a tool that the caller of the harness runs.
    Inline {
        /// When and how to use it.
        description: String,
        /// The JSON Schema of its arguments.
        input_schema: Value,
    },
    /// Another type, such as `agentcore_browser`. It does not exist on a laptop.
    Other(String),
}
