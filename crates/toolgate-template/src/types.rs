//! What a laptop needs of a SAM template: functions, tables, agents and the gateway, with every intrinsic evaluated.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use serde_json::Value;

/// A template, as far as a laptop needs it.
#[derive(Debug, Clone, Default)]
pub struct Template {
    /// Where the template was read from; relative paths in it start at its folder.
    pub path: PathBuf,
    /// The Lambda functions, in the template's order.
    pub functions: Vec<FunctionSpec>,
    /// The logical ids of functions that are not cargo-lambda binaries, and so cannot be run here.
    pub other_functions: Vec<String>,
    /// The DynamoDB tables, in the template's order.
    pub tables: Vec<TableSpec>,
    /// The logical id of the table of calls that wait for a person (`Metadata.Toolgate.Approvals`), if the template names
    /// one.
    pub approvals: Option<String>,
    /// The agents, in the template's order.
    pub agents: Vec<AgentSpec>,
    /// The AgentCore Gateway, if the template has one.
    pub gateway: Option<GatewaySpec>,
    /// The binary that fills the tables (`Metadata.Toolgate.Seed.Binary`), if the template names one.
    pub seed: Option<SeedSpec>,
}

/// A program that fills freshly made tables, run once at each start of the local agent.
#[derive(Debug, Clone)]
pub struct SeedSpec {
    /// The name of the binary.
    pub binary: String,
    /// Its environment variables, resolved.
    pub environment: BTreeMap<String, String>,
}

/// One Lambda function whose code is a cargo-lambda binary.
#[derive(Debug, Clone)]
pub struct FunctionSpec {
    /// The logical id in the template (`OrdersFunction`).
    pub logical_id: String,
    /// The binary, from `Metadata.BuildProperties.Binary` (`orders`): the handler's name.
    pub binary: String,
    /// Its environment variables, resolved.
    pub environment: BTreeMap<String, String>,
    /// How long one invocation may take.
    pub timeout: Duration,
    /// The memory setting, in MB.
    pub memory_mb: u32,
}

/// One DynamoDB table.
#[derive(Debug, Clone)]
pub struct TableSpec {
    /// The logical id in the template.
    pub logical_id: String,
    /// The table's name: the template's `TableName`, or the logical id where it has none.
    pub name: String,
    /// The body of a `CreateTable` request (PascalCase, as in the API), without what a laptop has no use for.
    pub create: Value,
    /// The attribute that holds an item's expiry, where TTL is on.
    pub ttl_attribute: Option<String>,
}

/// One agent.
#[derive(Debug, Clone)]
pub struct AgentSpec {
    /// The logical id in the template, which is the agent's id here (`Orders`).
    pub id: String,
    /// `AgentName`.
    pub name: String,
    /// The aliases that reach it: those of the template, and `TSTALIASID`.
    pub aliases: Vec<String>,
    /// `Instruction`: the system prompt.
    pub instruction: String,
    /// `FoundationModel`, resolved.
    pub foundation_model: String,
    /// `AgentCollaboration` is `SUPERVISOR` or `SUPERVISOR_ROUTER`.
    pub supervisor: bool,
    /// It is `SUPERVISOR_ROUTER`: what one collaborator can do alone goes there at once.
    pub routes: bool,
    /// The agents that it may ask.
    pub collaborators: Vec<CollaboratorSpec>,
    /// Its enabled action groups.
    pub action_groups: Vec<ActionGroupSpec>,
    /// How long a session lives without a call.
    pub idle_ttl: Duration,
    /// How its model is prompted where the template overrides that.
    pub prompt: PromptSpec,
}

/// The step in which the model thinks and calls: `PromptOverrideConfiguration` of the type `ORCHESTRATION`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PromptSpec {
    /// `BasePromptTemplate`, where one is in force.
    pub base: Option<String>,
    /// `InferenceConfiguration`.
    pub inference: Inference,
}

/// How a model is to write; what is not set is left to the model's own defaults.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Inference {
    /// How freely it chooses its words, 0 to 1.
    pub temperature: Option<f64>,
    /// The share of likely words that it chooses from, 0 to 1.
    pub top_p: Option<f64>,
    /// The number of likely words that it chooses from.
    pub top_k: Option<u32>,
    /// The most tokens of one answer.
    pub max_tokens: Option<u32>,
    /// Words at which it stops.
    pub stop_sequences: Vec<String>,
}

/// An agent that a supervisor may ask.
#[derive(Debug, Clone)]
pub struct CollaboratorSpec {
    /// `CollaboratorName`, which the supervisor's model sees.
    pub name: String,
    /// The logical id of the agent behind it.
    pub agent_id: String,
    /// `CollaborationInstruction`: when to ask it.
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
    /// What it offers the model.
    pub schema: GroupSchema,
}

/// How an action group describes its tools.
#[derive(Debug, Clone)]
pub enum GroupSchema {
    /// `FunctionSchema`: calls arrive on the function wire.
    Functions(Vec<FunctionSchema>),
    /// `ApiSchema`: an OpenAPI document, and calls arrive on the api wire.
    Api(Value),
    /// None, as for `AMAZON.UserInput`.
    None,
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
    /// The id that AgentCore would give it: its name and ten more characters.
    pub id: String,
    /// Its ARN, which policies name.
    pub arn: String,
    /// `Instructions` for its clients.
    pub instructions: Option<String>,
    /// `SupportedVersions` of MCP; empty for all that AgentCore knows.
    pub versions: Vec<String>,
    /// Whether long lists of tools come in pages.
    pub paged: bool,
    /// `ExceptionLevel: DEBUG`: errors are told in detail.
    pub debug: bool,
    /// `AuthorizerType`.
    pub authorizer: Option<String>,
    /// What callers' tokens have to say, where they show one.
    pub tokens: TokenSpec,
    /// The targets that are functions of this template.
    pub targets: Vec<TargetSpec>,
    /// The functions that see every request or response.
    pub interceptors: Vec<InterceptorSpec>,
    /// Who may call what; `None` where the gateway has no policy engine.
    pub engine: Option<PolicyEngineSpec>,
}

/// `CustomJWTAuthorizer`: what is asked of a token.
#[derive(Debug, Clone, Default)]
pub struct TokenSpec {
    /// `AllowedAudience`.
    pub audiences: Vec<String>,
    /// `AllowedClients`.
    pub clients: Vec<String>,
    /// `AllowedScopes`.
    pub scopes: Vec<String>,
}

/// A target: a function and what it offers.
#[derive(Debug, Clone)]
pub struct TargetSpec {
    /// `Name`, before the `___` of its tools' names.
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

/// A function that sees every request or response of a gateway.
#[derive(Debug, Clone)]
pub struct InterceptorSpec {
    /// The function.
    pub function: FunctionSpec,
    /// It sees requests, before the policies and the tool.
    pub request: bool,
    /// It sees responses, before the client.
    pub response: bool,
    /// It sees the request's headers.
    pub pass_headers: bool,
}

/// The policies of a gateway.
#[derive(Debug, Clone)]
pub struct PolicyEngineSpec {
    /// `ENFORCE`; else decisions are only logged.
    pub enforce: bool,
    /// The policies, in the template's order.
    pub policies: Vec<PolicySpec>,
}

/// One policy.
#[derive(Debug, Clone)]
pub struct PolicySpec {
    /// `Name`.
    pub name: String,
    /// The Cedar statement, with every name in it resolved.
    pub statement: String,
    /// `ValidationMode` is not `IGNORE_ALL_FINDINGS`: it has to fit the tools.
    pub validated: bool,
    /// `EnforcementMode` is not `LOG_ONLY`: it counts.
    pub active: bool,
}
