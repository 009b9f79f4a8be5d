//! The `toolgate` command: one subcommand per file.

mod add;
mod agent;
mod approvals;
mod chat;
mod check;
mod completions;
mod describe;
mod dev;
mod doctor;
mod endpoint;
mod failure;
mod hostile;
mod invoke;
mod log;
mod mcp;
mod new;
mod play;
mod project;
mod project_args;
mod scaffold;
mod schemas;
mod signal;
mod terminal;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

const EXAMPLES: &str = "\
Examples, in the folder of a project (with a template.yaml):
  toolgate dev                run its agents, functions, gateway and tables
  toolgate chat               talk to them, in another shell
  toolgate play               play its conversations, as tests
  toolgate check              find what AWS would reject

TOOLGATE_LOG=info shows more of what the command does.";

/// Run AI agents and their tools on a laptop, as they run on Bedrock.
#[derive(Debug, Parser)]
#[command(name = "toolgate", version, propagate_version = true, arg_required_else_help = true, after_help = EXAMPLES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    New(new::Args),
    Add(add::Args),
    Dev(dev::Args),
    Chat(chat::Args),
    Invoke(invoke::Args),
    Mcp(mcp::Args),
    Play(play::Args),
    Schemas(schemas::Args),
    Check(check::Args),
    Doctor(doctor::Args),
    /// Decide about calls that wait for a person
    Approvals(approvals::Args),
    Completions(completions::Args),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    log::to_stderr();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failure::report(&error),
    };
    let done = runtime.block_on(async {
        match cli.command {
            Command::New(args) => new::run(args),
            Command::Add(args) => add::run(&args),
            Command::Dev(args) => dev::run(args).await,
            Command::Chat(args) => chat::run(args).await,
            Command::Invoke(args) => invoke::run(args).await,
            Command::Mcp(args) => mcp::run(args).await,
            Command::Play(args) => play::run(args).await,
            Command::Check(args) => check::run(&args),
            Command::Doctor(args) => doctor::run(&args),
            Command::Approvals(args) => approvals::run(args).await,
            Command::Schemas(args) => schemas::run(&args),
            Command::Completions(args) => completions::run(&args, Cli::command()),
        }
    });
    // Blocking reads, such as of standard input, must not delay the end of the command.
    runtime.shutdown_background();
    done.unwrap_or_else(|error| failure::report(error.as_ref()))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_examples() {
        let mut cli = super::Cli::command();
        cli.build();
        for command in cli.get_subcommands_mut().filter(|command| command.get_name() != "help") {
            let name = command.get_name().to_owned();
            let help = command.render_long_help().to_string();
            assert!(help.contains("Examples:") && help.contains(&format!("toolgate {name}")), "{help}");
            assert!(command.get_about().is_some(), "{name}");
        }
    }
}
