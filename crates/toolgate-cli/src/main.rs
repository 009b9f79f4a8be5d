//! The `toolgate` command: one module per subcommand.

mod chat;
mod invoke;
mod play;

use std::process::ExitCode;

use clap::Parser;

/// Functions that an AI agent may call: run, checked and talked to on a laptop.
#[derive(Debug, Parser)]
#[command(name = "toolgate", version)]
enum Command {
    /// Talk to an agent, on this machine or on AWS.
    Chat(chat::Args),
    /// Invoke a function of the local agent with an event of your own.
    Invoke(invoke::Args),
    /// Play the conversations of a scenario, and check what comes of them.
    Play(play::Args),
}

#[tokio::main]
async fn main() -> ExitCode {
    let result = match Command::parse() {
        Command::Chat(args) => chat::run(args).await,
        Command::Invoke(args) => invoke::run(args).await,
        Command::Play(args) => play::run(args).await,
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}
