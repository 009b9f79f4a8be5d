//! Starts the local agent: its options, and the order in which its parts start.

mod checks;

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, OnceLock, atomic::AtomicU64},
    time::Duration,
};

use tokio::{net::TcpListener, sync::oneshot};
use toolgate_policy::Principal;
use toolgate_token::TokenKeys;

use crate::{
    agents::{self, Agents, Invoke, Limits},
    dynamodb::{Data, Database},
    error::LocalError,
    faults::Hostile,
    gateway::{self, CallTool, CallerChoice, Gateway},
    harness::{self, Harnesses},
    invoker::FunctionInvoker,
    lambda::{Environment, Functions, Log, Settings},
    model_choice,
    programs::{Programs, hook_functions},
    progress,
    running::Running,
    seed, server,
    state::AppState,
    traces::Traces,
    variables,
};
use toolgate_models::ModelChoiceError;
use toolgate_template::Template;

/// The default port of `toolgate dev`.
pub const DEFAULT_PORT: u16 = 8787;
/// The default directory in which `toolgate dev` stores its tables.
pub const DEFAULT_DATA: &str = ".toolgate";

/// The model choice that disables the agents.
const NO_MODEL: &str = "none";
/// Lambda's limit on the start of an instance.
const INIT_TIMEOUT: Duration = Duration::from_secs(10);
const INSTANCES: usize = 10;
/// Lambda keeps idle instances for minutes; a laptop has less memory.
const IDLE: Duration = Duration::from_secs(60);

/// The parts that are there before the server starts.
struct Parts {
    template: Template,
    programs: Programs,
    database: Arc<Database>,
    choices: Vec<String>,
}

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
    template: PathBuf,
    parameters: BTreeMap<String, String>,
    port: u16,
    models: Vec<String>,
    data: Data,
    reset: bool,
    only_database: bool,
    without_seed: bool,
    without_agents: bool,
    variables: BTreeMap<String, String>,
    binaries: Option<PathBuf>,
    instances: usize,
    idle: Duration,
    limits: Limits,
    hostile: Option<u64>,
    callers: CallerChoice,
    log: Log,
    otlp: Option<String>,
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

    /// Sets the target of the functions' log lines (default: standard error).
    pub fn log(mut self, log: Log) -> Self {
        self.log = log;
        self
    }

    /// Sends spans to the OpenTelemetry receiver at this address, such as `http://127.0.0.1:4318` (OTLP over HTTP): of
    /// the turns of agents and models, and of the calls of functions. The functions send theirs too.
    pub fn otlp(mut self, receiver: impl Into<String>) -> Self {
        self.otlp = Some(receiver.into());
        self
    }

    /// Starts all parts and returns when all of them are ready.
    ///
    /// # Errors
    /// [`LocalError`]. Nothing keeps running in that case.
    pub async fn start(self) -> Result<Running, LocalError> {
        if self.models.len() > 1 && self.models.iter().any(|model| model == NO_MODEL) {
            return Err(ModelChoiceError::Twice("all agents".to_owned()).into());
        }
        let read = if self.only_database { toolgate_template::read_without_agents } else { toolgate_template::read };
        let mut template = read(&self.template, &self.parameters)?;
        for id in &template.other_functions {
            let message = format!(
                "warning: the function `{id}` is not run here: it names no Rust binary (`Metadata: BuildMethod: \
                 rust-cargolambda, BuildProperties: Binary`); `Metadata: Toolgate: Tools: false` hides this line"
            );
            self.log.line("toolgate", &message);
        }
        let all_functions = template.functions.clone();
        if self.only_database {
            template.functions.clear();
            template.fronts.clear();
        }
        if self.without_seed {
            template.seed = None;
        }
        if self.without_agents {
            template.agents.clear();
            template.harnesses.clear();
        }
        let unevaluated = template.gateway.iter().flat_map(gateway::not_evaluated);
        unevaluated.for_each(|line| self.log.line("toolgate", &line));
        let choices = model_choice::choices(&mut template, &self.models, &self.log)?;
        let programs = Programs::find(&template, self.binaries.clone())?;
        let (listener, port) = server::bind(self.port).await?;
        let database = Arc::new(Database::open(&self.data, self.reset)?);
        database.create_tables(&template.tables)?;
        let parts = Parts { template, programs, database, choices };
        let running = self.serve(parts, listener, port).await?;
        Ok(running.with_template_functions(all_functions))
    }

    /// The server starts first, because functions and the seed program reach the tables through it.
    async fn serve(self, parts: Parts, listener: TcpListener, port: u16) -> Result<Running, LocalError> {
        let Parts { template, programs, database, choices } = parts;
        let endpoint = format!("http://127.0.0.1:{port}");
        let traces = self.otlp.as_deref().map(Traces::to).transpose()?;
        let variables = variables::chosen(&template, self.variables);
        let environment = Environment::new(&endpoint, variables).with_receiver(self.otlp.as_deref());
        let settings = Settings {
            environment: environment.clone(),
            log: self.log.clone(),
            instances: self.instances,
            init_timeout: INIT_TIMEOUT,
            idle: self.idle,
        };
        let specs = template.functions.iter().cloned().zip(programs.functions).collect();
        let functions = Functions::new(specs, settings.clone());
        let fronts = Functions::new(template.fronts.iter().cloned().zip(programs.fronts).collect(), settings.clone());
        let template = Arc::new(template);
        let catalogs = Arc::new(OnceLock::new());
        let invoker = Arc::new(FunctionInvoker {
            functions: functions.clone(),
            catalogs: Arc::clone(&catalogs),
            differing: AtomicU64::default(),
        });
        let hostile = self.hostile.map(|seed| Hostile::new(seed, &template, Arc::clone(&invoker)));
        let url_callers = self.callers.of_urls();
        let gateway = template.gateway.clone().map(|spec| {
            let interceptors = spec.interceptors.iter().map(|interceptor| interceptor.function.clone());
            let interceptors = Functions::new(interceptors.zip(programs.interceptors).collect(), settings.clone());
            let targets: Arc<dyn CallTool> = match &hostile {
                Some(hostile) => Arc::clone(hostile) as _,
                None => Arc::new(functions.clone()),
            };
            Gateway::new(spec, self.callers, targets, interceptors)
        });
        let gateway = gateway.transpose()?;
        let models = model_choice::open(&template, &choices).await?;
        let harnesses = models.clone().filter(|_| !template.harnesses.is_empty()).map(|models| {
            let hooks = hook_functions(&template.harnesses).into_iter().zip(programs.hooks).collect();
            let hooks = Functions::new(hooks, settings);
            Harnesses::new(template.harnesses.clone(), models, gateway.clone(), hooks, self.limits.context_characters)
        });
        let store = Arc::clone(&database);
        let state = Arc::new(AppState {
            endpoint,
            model: (!choices.is_empty()).then(|| choices.join(", ")),
            hostile: self.hostile,
            invoker: Arc::clone(&invoker),
            template: Arc::clone(&template),
            functions: functions.clone(),
            fronts: fronts.clone(),
            gateway: gateway.clone(),
            harnesses: harnesses.clone(),
            database,
            traces,
            catalogs,
        });

        let mut platforms = Vec::new();
        if let Some(models) = models.filter(|_| !template.agents.is_empty()) {
            let invoke: Arc<dyn Invoke> = match hostile {
                Some(hostile) => hostile,
                None => invoker,
            };
            let agents = Agents::with_limits(&template, invoke, models, self.limits)?;
            agents.not_evaluated().iter().for_each(|line| self.log.line("toolgate", line));
            platforms.push(agents::routes(agents));
        }
        platforms.extend(gateway.clone().map(gateway::routes));
        platforms.extend(harnesses.clone().map(harness::routes));

        let (stop, stopped) = oneshot::channel::<()>();
        let router = server::router(Arc::clone(&state), url_callers, platforms)?;
        let router = match &state.traces {
            Some(traces) => traces.around(router),
            None => router,
        };
        let with_urls = [functions.clone(), fronts.clone()];
        let server = server::serve(listener, port, router, with_urls, async { drop(stopped.await) });
        let running = Running::new(state, server, stop);

        let seeded = async {
            match (&template.seed, &programs.seed) {
                (Some(seed), Some(program)) => {
                    let filling = seed::run(seed, program, &environment, &self.log);
                    store.confirm_writes(false)?;
                    let filled = progress::slow(&self.log, "still filling the tables", filling).await;
                    store.confirm_writes(true)?;
                    Ok(filled?)
                }
                _ => Ok::<(), LocalError>(()),
            }
        };
        let warm = async {
            let starting = async {
                let beside = async {
                    if let Some(gateway) = &gateway {
                        gateway.warm_up().await?;
                    }
                    if let Some(harnesses) = &harnesses {
                        harnesses.warm_up().await?;
                    }
                    fronts.warm_up().await
                };
                tokio::try_join!(functions.warm_up(), beside).map(drop)
            };
            Ok(progress::slow(&self.log, "still starting the functions", starting).await?)
        };
        let catalogs = async { Ok::<_, LocalError>(functions.catalogs().await?) };
        let ((), (), catalogs) = tokio::try_join!(seeded, warm, catalogs)?;
        running.is_up(catalogs);
        Ok(running)
    }
}
