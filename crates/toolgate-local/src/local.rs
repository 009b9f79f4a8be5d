//! The options of the local agent.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use toolgate_policy::Principal;
use toolgate_token::TokenKeys;

use crate::{agents::Limits, dynamodb::Data, gateway::CallerChoice, lambda::Log};

/// The default port of `toolgate dev`.
pub const DEFAULT_PORT: u16 = 8787;
/// The default directory in which `toolgate dev` stores its tables.
pub const DEFAULT_DATA: &str = ".toolgate";

/// The model choice that disables the agents.
pub(crate) const NO_MODEL: &str = "none";
const INSTANCES: usize = 10;
/// Lambda keeps idle instances for minutes; a laptop has less memory.
const IDLE: Duration = Duration::from_secs(60);

/// The configuration of a local agent.
///
/// ```no_run
/// # async fn example() -> Result<(), toolgate_local::LocalError> {
/// let running = toolgate_local::Local::from_template("template.yaml").port(0).in_memory().start().await?;
/// println!("AWS_ENDPOINT_URL={}", running.url());
/// running.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use]
pub struct Local {
    pub(crate) template: PathBuf,
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) port: u16,
    pub(crate) models: Vec<String>,
    pub(crate) data: Data,
    pub(crate) reset: bool,
    pub(crate) only_database: bool,
    pub(crate) without_seed: bool,
    pub(crate) without_agents: bool,
    pub(crate) variables: BTreeMap<String, String>,
    pub(crate) binaries: Option<PathBuf>,
    pub(crate) instances: usize,
    pub(crate) idle: Duration,
    pub(crate) limits: Limits,
    pub(crate) hostile: Option<u64>,
    pub(crate) callers: CallerChoice,
    pub(crate) log: Log,
    pub(crate) turns: bool,
    pub(crate) otlp: Option<String>,
}

impl Local {
    /// Creates the configuration for a SAM template.
    pub fn from_template(path: impl Into<PathBuf>) -> Self {
        Self {
            template: path.into(),
            parameters: BTreeMap::new(),
            port: DEFAULT_PORT,
            models: Vec::new(),
            data: Data::Directory(PathBuf::from(DEFAULT_DATA)),
            reset: false,
            only_database: false,
            without_seed: false,
            without_agents: false,
            variables: BTreeMap::new(),
            binaries: None,
            instances: INSTANCES,
            idle: IDLE,
            limits: Limits::default(),
            hostile: None,
            callers: CallerChoice::default(),
            log: Log::stderr(),
            turns: false,
            otlp: None,
        }
    }

    /// Sets the port on 127.0.0.1; 0 selects a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Sets the model behind the agents: `none` to serve no agents, `script:<file>`, `bedrock:` (the model that the
    /// template names for each agent), `bedrock:<model id>` or `openai:<base url>#<model>`. With `<agent>=` in front
    /// the model is for that agent only; this can be repeated for several agents. The default is the only scenario in
    /// the folder `scenarios` beside the template.
    pub fn model(mut self, model: impl Into<String>) -> Self {
        let model = model.into();
        self.without_agents |= model == NO_MODEL;
        self.models.push(model);
        self
    }

    /// Sets the directory that stores the tables across runs.
    pub fn data(mut self, directory: impl Into<PathBuf>) -> Self {
        self.data = Data::Directory(directory.into());
        self
    }

    /// Keeps the tables in memory only.
    pub fn in_memory(mut self) -> Self {
        self.data = Data::Memory;
        self
    }

    /// Deletes existing tables at the start.
    pub fn reset(mut self, reset: bool) -> Self {
        self.reset = reset;
        self
    }

    /// Serves only the database, with its tables and seed data. No function and no agent is started.
    pub fn only_database(mut self, only: bool) -> Self {
        self.only_database = only;
        self
    }

    /// Leaves the tables empty: the seed program does not run.
    pub fn without_seed(mut self, without: bool) -> Self {
        self.without_seed = without;
        self
    }

    /// Serves no agents. No model is needed.
    pub fn without_agents(mut self, without: bool) -> Self {
        self.without_agents = without;
        self
    }

    /// Sets a parameter of the template.
    pub fn parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.insert(name.into(), value.into());
        self
    }

    /// Sets an environment variable of every function and of the seed program. It overrides the template's value.
    pub fn variable(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.variables.insert(name.into(), value.into());
        self
    }

    /// Sets a folder in which the handlers' binaries are searched first.
    pub fn binaries(mut self, folder: impl Into<PathBuf>) -> Self {
        self.binaries = Some(folder.into());
        self
    }

    /// Sets the maximum number of instances per function (default 10).
    pub fn instances(mut self, instances: usize) -> Self {
        self.instances = instances;
        self
    }

    /// Sets how long an idle instance is kept (default 60 s). One instance of each function is always kept.
    pub fn idle_instances(mut self, idle: Duration) -> Self {
        self.idle = idle;
        self
    }

    /// Sets the limits of an agent's turn.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Enables hostile mode: functions get calls in the forms that Bedrock really sends. Values have other spellings,
    /// parameters another order, optional ones are empty, and calls arrive late, twice or at a cold instance. The seed
    /// determines all mutations. The meaning of a call never changes.
    pub fn hostile(mut self, seed: u64) -> Self {
        self.hostile = Some(seed);
        self
    }

    /// Sets the caller of the gateway and of the function URLs, whatever a client claims. The default caller of the
    /// gateway is the first IAM entity that a policy of the template names. A function URL has no verified caller by
    /// default.
    pub fn principal(mut self, principal: Principal) -> Self {
        self.callers = CallerChoice::One(principal);
        self
    }

    /// Requires every caller of the gateway and of the function URLs to send a token that one of these keys has signed.
    pub fn tokens(mut self, keys: TokenKeys) -> Self {
        self.callers = CallerChoice::Tokens(Arc::new(keys));
        self
    }

    /// Sends spans to the OpenTelemetry receiver at this address, such as `http://127.0.0.1:4318` (OTLP over HTTP): of
    /// the turns of agents and models, and of the calls of functions. The functions send theirs too. The spans come from
    /// the record of turns ([`record_turns`](Self::record_turns)), which this switches on.
    pub fn otlp(mut self, receiver: impl Into<String>) -> Self {
        self.otlp = Some(receiver.into());
        self
    }

    /// Records the last turns with their values, in memory only, for a console. The default is off.
    pub fn record_turns(mut self, record: bool) -> Self {
        self.turns = record;
        self
    }

    /// Sets the target of the functions' log lines (default: standard error).
    pub fn log(mut self, log: Log) -> Self {
        self.log = log;
        self
    }
}
