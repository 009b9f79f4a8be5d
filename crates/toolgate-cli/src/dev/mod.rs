//! `toolgate dev`: runs the local agent until a signal ends it.

mod example;
mod gateway;
mod screen;

use std::{path::PathBuf, process::ExitCode};

use clap::ValueEnum;
use toolgate_local::{DEFAULT_DATA, DEFAULT_PORT, Running, lambda::Log};

use crate::{failure::Failure, hostile::HostileArgs, project_args::ProjectArgs, signal, terminal};

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
    /// Show the functions' log lines unformatted, as JSON; control characters are removed on a terminal
    #[arg(long)]
    raw_logs: bool,
    #[command(flatten)]
    hostile: HostileArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The embedded DynamoDB, with the template's tables
    Dynamodb,
}

pub(crate) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let only_database = args.only == Some(Part::Dynamodb);
    args.project.require_template()?;
    let mut local =
        args.project.local()?.port(args.port).data(&args.data).reset(args.reset).only_database(only_database);
    for model in args.model {
        local = local.model(model);
    }
    if args.raw_logs {
        local = local.log(Log::raw());
    }
    if let Some(seed) = args.hostile.seed() {
        local = local.hostile(seed);
    }
    // Signals are handled before the start, so that Ctrl-C during the start leaves no process behind.
    let stop = signal::stop()?;
    tokio::pin!(stop);
    let mut running = tokio::select! {
        running = local.start() => running?,
        () = &mut stop => return Ok(ExitCode::SUCCESS),
    };
    let shown = if only_database { database_screen(&running) } else { screen::screen(&running) };
    // A closed terminal must not end the local agent.
    drop(terminal::err(shown.trim_end_matches('\n')));
    tokio::select! {
        () = running.wait() => {}
        () = &mut stop => {}
    }
    drop(terminal::err("stopping"));
    running.shutdown().await;
    Ok(ExitCode::SUCCESS)
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
