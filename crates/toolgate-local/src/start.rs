//! The order in which the parts of the local agent start.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64},
    },
    time::Duration,
};

use tokio::{net::TcpListener, sync::oneshot};

use crate::{
    agents::{self, Agents, Invoke},
    dynamodb::Database,
    error::LocalError,
    faults::Hostile,
    gateway::{self, CallTool, Gateway},
    guardrail::Guardrails,
    harness::{self, Harnesses},
    invoker::FunctionInvoker,
    knowledge::KnowledgeBases,
    lambda::{Environment, Functions, Settings},
    local::{Local, NO_MODEL},
    model_choice,
    programs::{Programs, hook_functions, not_run},
    progress,
    running::Running,
    seeding::Seeding,
    server,
    state::AppState,
    traces::Traces,
    turns::{SpanKind, Turns},
    variables,
};
use toolgate_models::ModelChoiceError;
use toolgate_template::Template;
use uuid::Uuid;

/// The parts that are there before the server starts.
struct Parts {
    template: Template,
    programs: Programs,
    database: Arc<Database>,
    choices: Vec<String>,
    knowledge: Arc<KnowledgeBases>,
}

/// Lambda's limit on the start of an instance.
const INIT_TIMEOUT: Duration = Duration::from_secs(10);

impl Local {
    /// Checks what a start would read: the template, its programs, the models and the port. Nothing is started.
    ///
    /// # Errors
    /// [`LocalError`], as [`Local::start`] would return it.
    pub async fn check(&self) -> Result<(), LocalError> {
        let read = if self.only_database { toolgate_template::read_without_agents } else { toolgate_template::read };
        let mut template = read(&self.template, &self.parameters)?;
        if self.without_agents || self.only_database {
            template.agents.clear();
            template.harnesses.clear();
        }
        let choices = model_choice::choices(&mut template, &self.models, &self.log)?;
        model_choice::open(&template, &choices).await?;
        Programs::find(&template, self.binaries.clone())?;
        KnowledgeBases::open(&template.knowledge_bases)?;
        Ok(())
    }

    /// Whether the port can be used.
    ///
    /// # Errors
    /// [`LocalError::PortInUse`] or [`LocalError::Listen`].
    pub async fn check_port(&self) -> Result<(), LocalError> {
        server::bind(self.port).await.map(drop)
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
        not_run(&template).for_each(|line| self.log.line("toolgate", &line));
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
        let knowledge = KnowledgeBases::open(&template.knowledge_bases)?;
        knowledge.warnings().iter().for_each(|line| self.log.line("toolgate", line));
        let (listener, port) = server::bind(self.port).await?;
        let database = Arc::new(Database::open(&self.data, self.reset)?);
        database.create_tables(&template.tables)?;
        let parts = Parts { template, programs, database, choices, knowledge };
        let running = self.serve(parts, listener, port).await?;
        Ok(running.with_template_functions(all_functions))
    }

    /// The server starts first, because functions and the seed program reach the tables through it.
    async fn serve(self, parts: Parts, listener: TcpListener, port: u16) -> Result<Running, LocalError> {
        let Parts { template, programs, database, choices, knowledge } = parts;
        let endpoint = format!("http://127.0.0.1:{port}");
        let otlp = Traces::receiver(self.otlp.as_deref())?;
        let environment = Environment::new(&endpoint, variables::chosen(&template, self.variables)).with_receiver(otlp);
        let turns = (self.turns || otlp.is_some()).then(Turns::default);
        let receiver = otlp.zip(turns.as_ref());
        let traces = receiver.map(|(receiver, turns)| Traces::to(receiver, turns)).transpose()?;
        let settings = Settings {
            environment: environment.clone(),
            log: self.log.clone(),
            instances: self.instances,
            init_timeout: INIT_TIMEOUT,
            idle: self.idle,
            turns: turns.clone(),
            role: SpanKind::Call,
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
            let interceptors = {
                let settings = Settings { role: SpanKind::Interceptor, ..settings.clone() };
                Functions::new(interceptors.zip(programs.interceptors).collect(), settings)
            };
            let targets: Arc<dyn CallTool> = match &hostile {
                Some(hostile) => Arc::clone(hostile) as _,
                None => Arc::new(functions.clone()),
            };
            Gateway::new(spec, self.callers, targets, interceptors)
        });
        let gateway = gateway.transpose()?;
        let guardrails = Arc::new(Guardrails::of(&template));
        let models = model_choice::open(&template, &choices).await?;
        let harnesses = models.clone().filter(|_| !template.harnesses.is_empty()).map(|models| {
            let hooks = hook_functions(&template.harnesses).into_iter().zip(programs.hooks).collect();
            let hooks = Functions::new(hooks, Settings { role: SpanKind::Hook, ..settings });
            let context = self.limits.context_characters;
            Harnesses::new(template.harnesses.clone(), models, gateway.clone(), Arc::clone(&guardrails), hooks, context)
        });
        let seeding = template.seed.clone().zip(programs.seed).map(|(seed, program)| Seeding {
            seed,
            program,
            environment: environment.clone(),
            log: self.log.clone(),
        });
        let state = Arc::new(AppState {
            endpoint,
            instance: turns.as_ref().map_or_else(|| Uuid::new_v4().to_string(), |turns| turns.instance().to_owned()),
            models: models.clone(),
            model: (!choices.is_empty()).then(|| choices.join(", ")),
            hostile: self.hostile,
            invoker: Arc::clone(&invoker),
            template: Arc::clone(&template),
            functions: functions.clone(),
            fronts: fronts.clone(),
            gateway: gateway.clone(),
            harnesses: harnesses.clone(),
            knowledge: Arc::clone(&knowledge),
            database,
            seeding,
            resetting: AtomicBool::new(false),
            catalogs,
            turns,
            traces,
        });
        let seeding = Arc::clone(&state);

        let mut platforms = Vec::new();
        if let Some(models) = models.filter(|_| !template.agents.is_empty()) {
            let invoke: Arc<dyn Invoke> = match hostile {
                Some(hostile) => hostile,
                None => invoker,
            };
            let agents = Agents::with_parts(
                &template,
                invoke,
                models,
                self.limits,
                Arc::clone(&knowledge),
                Arc::clone(&guardrails),
            )?;
            agents.not_searched().iter().for_each(|line| self.log.line("toolgate", line));
            platforms.push(agents::routes(agents));
        } else {
            platforms.push(agents::guardrail_routes(Arc::clone(&guardrails)));
        }
        guardrails.not_evaluated(&template).iter().for_each(|line| self.log.line("toolgate", line));
        platforms.extend(gateway.clone().map(gateway::routes));
        platforms.extend(harnesses.clone().map(harness::routes));

        let (stop, stopped) = oneshot::channel::<()>();
        let router = server::router(Arc::clone(&state), url_callers, platforms)?;
        let with_urls = [functions.clone(), fronts.clone()];
        let server = server::serve(listener, port, router, with_urls, async { drop(stopped.await) });
        let running = Running::new(state, server, stop);

        let seeded = async {
            match &seeding.seeding {
                Some(own) => own.fill(&seeding.database).await,
                None => Ok(()),
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
