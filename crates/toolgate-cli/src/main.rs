//! The `toolgate` command: one subcommand per file.

mod approvals;
mod chat;
mod check;
mod describe;
mod desk;
mod dev;
mod hostile;
mod invoke;
mod mcp;
mod play;
mod schemas;
mod screen;

use std::{error::Error, io::IsTerminal, process::ExitCode};

use clap::{Parser, Subcommand};

/// What ends a command before its end.
pub(crate) type Failure = Box<dyn Error + Send + Sync>;

/// Run AI agents and their tools on a laptop, as they run on Bedrock.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Dev(dev::Args),
    /// Talk to an agent, on this machine or on AWS
    Chat(chat::Args),
    /// Invoke a function of the local agent with an event of your own
    Invoke(invoke::Args),
    Mcp(mcp::Args),
    /// Play the conversations of a scenario, and check what comes of them
    Play(play::Args),
    Schemas(schemas::Schemas),
    Check(check::Check),
    /// Decide about calls that wait for a person
    Approvals(approvals::Args),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    log_to_stderr();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    let done = runtime.block_on(async {
        match cli.command {
            Command::Dev(args) => dev::run(args).await,
            Command::Chat(args) => chat::run(args).await,
            Command::Invoke(args) => invoke::run(args).await,
            Command::Mcp(args) => mcp::run(args).await,
            Command::Play(args) => play::run(args).await,
            Command::Check(args) => Ok(args.run()),
            Command::Approvals(args) => approvals::run(args).await,
            Command::Schemas(args) => args.run().map(|()| ExitCode::SUCCESS).map_err(Into::into),
        }
    });
    // What is still waiting (standard input, say) must not keep the command from ending.
    runtime.shutdown_background();
    done.unwrap_or_else(|error| fail(error.as_ref()))
}

/// Tells the person what went wrong, with its causes.
fn fail(error: &dyn Error) -> ExitCode {
    eprintln!("error: {error}");
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Many errors already say what their cause says.
        if !said.contains(&error.to_string()) {
            eprintln!("  because: {error}");
            said = error.to_string();
        }
        cause = error.source();
    }
    ExitCode::FAILURE
}

fn log_to_stderr() {
    use tracing_subscriber::{
        filter::{LevelFilter, Targets},
        fmt,
        prelude::*,
    };
    let level = match std::env::var("TOOLGATE_LOG").as_deref() {
        Ok("trace" | "debug") => LevelFilter::DEBUG,
        Ok("info") => LevelFilter::INFO,
        Ok("error") => LevelFilter::ERROR,
        _ => LevelFilter::WARN,
    };
    // To the embedded database a failed condition is a warning; to a tool it is an answer. The MCP library writes what clients sent.
    let quiet = ["dynoxide", "rmcp"].map(|target| (target, LevelFilter::ERROR));
    let filter = Targets::new().with_default(level).with_targets(quiet);
    let ansi = std::io::stderr().is_terminal();
    let lines = fmt::layer().with_writer(std::io::stderr).with_target(false).without_time().with_ansi(ansi);
    tracing_subscriber::registry().with(lines.with_filter(filter)).init();
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }
}
