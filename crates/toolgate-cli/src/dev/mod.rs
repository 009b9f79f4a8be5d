//! `toolgate dev`: runs the local agent until a signal ends it.

mod build;
mod example;
mod for_tests;
mod gateway;
mod screen;
mod watch;

use std::{
    io::IsTerminal,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::ValueEnum;
use toolgate_local::{DEFAULT_DATA, DEFAULT_PORT, Local, Running, lambda::Log};

use build::Project;
use watch::{Change, Watch};

use crate::{
    failure::{self, Failure},
    hostile::HostileArgs,
    project_args::ProjectArgs,
    schemas, signal, terminal,
};

const MODELS: &str = "\
Models:
  script:FILE            a scenario with written rules, which needs no model; the default is the only file in scenarios/
  bedrock:               each agent's own model of the template (bedrock:template is the same), with your AWS credentials
  bedrock:MODEL_ID       one model, inference profile or ARN of Amazon Bedrock for all
  openai:BASE_URL#MODEL  a model server that speaks OpenAI's API, with OPENAI_API_KEY if it is set
  none                   no agents: functions, gateway and tables alone

Examples:
  toolgate dev
  toolgate dev --model none --port 9000
  toolgate dev --model bedrock: --model Orders=openai:http://127.0.0.1:11434/v1#llama3.1
  toolgate dev --parameter Environment=staging --reset
  toolgate dev --hostile --seed 7";

/// Run the agents of a SAM template on this machine: Lambda, InvokeAgent, the gateway (MCP) and DynamoDB on one port.
#[derive(Debug, clap::Args)]
#[command(after_help = MODELS)]
pub(crate) struct Args {
    #[command(flatten)]
    project: ProjectArgs,
    /// The port on 127.0.0.1; 0 is any free one
    #[arg(long, env = "TOOLGATE_PORT", default_value_t = DEFAULT_PORT)]
    port: u16,
    /// The model of all agents, or of one with `AGENT=` in front (repeatable). The default is the only scenario in the folder
    /// `scenarios` beside the template
    #[arg(long, env = "TOOLGATE_MODEL", value_name = "[AGENT=]MODEL")]
    model: Vec<String>,
    /// The folder that keeps the tables across runs
    #[arg(long, default_value = DEFAULT_DATA, value_name = "DIR")]
    data: PathBuf,
    /// Start over with fresh tables
    #[arg(long)]
    reset: bool,
    /// Serve only this part, for use with `cargo lambda watch`
    #[arg(long, value_enum)]
    only: Option<Part>,
    /// For tests that start this command: use a free port and empty tables in memory, write one line of JSON to standard
    /// output when they are ready, and stop when standard input ends
    #[arg(long, requires = "only", conflicts_with_all = ["port", "data", "reset"])]
    for_tests: bool,
    /// Build the project at the start and after each change of its sources, even if standard error is not a terminal
    #[arg(long, conflicts_with_all = ["no_build", "for_tests"])]
    watch: bool,
    /// Build nothing: run the programs as they are
    #[arg(long)]
    no_build: bool,
    /// Show the functions' log lines unformatted, as JSON; control characters are removed on a terminal
    #[arg(long)]
    raw_logs: bool,
    /// Send the spans of agents, models and functions to this OpenTelemetry receiver (OTLP over HTTP)
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    otlp: Option<String>,
    #[command(flatten)]
    hostile: HostileArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The embedded DynamoDB, with the template's tables
    Dynamodb,
}

pub(crate) async fn run(args: Args) -> Result<ExitCode, Failure> {
    args.project.require_template()?;
    if args.for_tests {
        return for_tests::run(args.project.local()?.only_database(true)).await;
    }
    // Signals are handled before the start, so that Ctrl-C during a build or the start leaves no process behind.
    let stop = signal::stop()?;
    tokio::pin!(stop);
    let project = match args.builds() {
        true => Project::of(&args.project.template).await?,
        false => None,
    };
    let mut watch = match &project {
        Some(project) => Some(Watch::start(project, &args.project.template)?),
        None => None,
    };
    let mut args = args;
    // A build takes minutes, and then the port is taken.
    args.local()?.check_port().await?;
    loop {
        let turn = tokio::select! {
            turn = serve(&args, project.as_ref(), watch.as_mut()) => turn?,
            () = &mut stop => return Ok(ExitCode::SUCCESS),
        };
        let mut running = match turn {
            Some(running) => running,
            // A change may correct it.
            None => continue,
        };
        // The tables of a later start are those of the first one.
        args.reset = false;
        let ended = tokio::select! {
            () = running.wait() => true,
            () = &mut stop => true,
            () = changes(&args, project.as_ref(), watch.as_mut()) => false,
        };
        drop(terminal::err(if ended { "stopping" } else { "the project has changed: starting again" }));
        running.shutdown().await;
        if ended {
            return Ok(ExitCode::SUCCESS);
        }
    }
}

/// Builds the project and starts it. If it cannot be built or started, waits for a change; `None` then.
async fn serve(args: &Args, project: Option<&Project>, watch: Option<&mut Watch>) -> Result<Option<Running>, Failure> {
    let (Some(project), Some(watch)) = (project, watch) else { return start(args).await.map(Some) };
    if !project.build().await? {
        drop(terminal::err("it does not build; waiting for a change"));
    } else if let Err(error) = write_schemas(args) {
        failure::report(error.as_ref());
        drop(terminal::err("waiting for a change"));
    } else {
        match start(args).await {
            Ok(running) => return Ok(Some(running)),
            Err(error) => {
                failure::report(error.as_ref());
                drop(terminal::err("waiting for a change"));
            }
        }
    }
    watch.next().await;
    Ok(None)
}

async fn start(args: &Args) -> Result<Running, Failure> {
    let only_database = args.only == Some(Part::Dynamodb);
    // The console shows the last turns. Nothing of them is written anywhere.
    let running = args.local()?.record_turns(!only_database).start().await?;
    let shown = if only_database { database_screen(&running) } else { screen::screen(&running) };
    // A closed terminal must not end the local agent.
    drop(terminal::err(shown.trim_end_matches('\n')));
    Ok(running)
}

/// Writes the schemas of the tools that have just been built, if the project has any. A tool that cannot be declared is an
/// error here.
fn write_schemas(args: &Args) -> Result<(), Failure> {
    let folder = args.project.template.parent().unwrap_or(Path::new("")).join("schemas");
    match folder.is_dir() && args.only.is_none() {
        true => schemas::write_changed(&args.project.template, &folder),
        false => Ok(()),
    }
}

/// Builds the programs after each change of their sources; running functions are replaced with their next call. Returns
/// when another part of the project has changed, and can be used.
async fn changes(args: &Args, project: Option<&Project>, watch: Option<&mut Watch>) {
    let (Some(project), Some(watch)) = (project, watch) else { return std::future::pending().await };
    loop {
        let change = watch.next().await;
        let done = match change {
            Change::Sources => match project.build().await {
                Ok(true) => write_schemas(args).map(|()| "built; the next call of a function uses it"),
                Ok(false) => Ok("it does not build; the last programs that did are still served"),
                Err(error) => Err(error),
            },
            Change::Project => match args.local() {
                Ok(local) => match local.check().await {
                    Ok(()) => return,
                    Err(error) => Err(error.into()),
                },
                Err(error) => Err(error),
            },
        };
        match done {
            Ok(message) => drop(terminal::err(message)),
            Err(error) => {
                failure::report(error.as_ref());
                drop(terminal::err("what was read before is still served"));
            }
        }
    }
}

impl Args {
    /// The local agent with these arguments.
    fn local(&self) -> Result<Local, Failure> {
        let mut local = self.project.local()?.only_database(self.only == Some(Part::Dynamodb));
        local = local.port(self.port).data(&self.data).reset(self.reset);
        for model in &self.model {
            local = local.model(model);
        }
        if self.raw_logs {
            local = local.log(Log::raw());
        }
        if let Some(seed) = self.hostile.seed() {
            local = local.hostile(seed);
        }
        if let Some(receiver) = &self.otlp {
            local = local.otlp(receiver);
        }
        Ok(local)
    }

    /// Whether the command builds the project: on a terminal, unless it is told otherwise.
    fn builds(&self) -> bool {
        !self.no_build && (self.watch || std::io::stderr().is_terminal())
    }
}

/// The start screen of the database alone, with the variables that `cargo lambda watch` needs.
fn database_screen(running: &Running) -> String {
    let url = running.url();
    let mut variables = std::collections::BTreeMap::from([
        ("AWS_ACCESS_KEY_ID".to_owned(), "local".to_owned()),
        ("AWS_SECRET_ACCESS_KEY".to_owned(), "local".to_owned()),
        ("AWS_REGION".to_owned(), "us-east-1".to_owned()),
        ("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), url.to_owned()),
    ]);
    for function in running.template_functions() {
        variables.extend(function.environment.clone());
    }
    let mut exports = String::new();
    for (name, value) in variables {
        exports.push_str(&format!("export {name}='{}'\n", value.replace('\'', "'\\''")));
    }
    let tables = screen::names(&running.health(), "tables").join(", ");
    format!(
        "DynamoDB is up at {url}; Ctrl-C stops it\n  tables     {tables}\n\nbefore `cargo lambda watch`:\n{exports}\n"
    )
}
