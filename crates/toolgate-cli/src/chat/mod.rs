//! `toolgate chat`: a conversation with an agent in the terminal, on this machine or on AWS, through the AWS SDK.

mod command;
mod interrupt;
mod keyboard;
mod screen;
mod talk;
mod trace;

use std::{path::PathBuf, process::ExitCode};

use toolgate_local::models::Prices;

use interrupt::Interrupts;
use keyboard::Keyboard;
use screen::Screen;
use talk::Talk;
use trace::Trace;

use crate::{
    agent::{client, costs::Costs, turn::Target},
    endpoint,
    failure::Failure,
    terminal,
};

const WHERE: &str = "\
Without --alias and --endpoint-url it talks to the local agent at http://127.0.0.1:8787 (`toolgate dev`).
With --alias alone it talks to a deployed agent, with the credentials and the region of your AWS configuration.
On a terminal /help lists what can be typed besides words for the agent; the history of lines ends with the command.

Examples:
  toolgate chat
  toolgate chat --trace --stream
  toolgate chat --agent Orders \"What is the status of order 1001?\"
  toolgate chat --agent ABCDEFGHIJ --alias KLMNOPQRST";

/// Talk to an agent, on this machine or on AWS
#[derive(Debug, clap::Args)]
#[command(after_help = WHERE)]
pub(crate) struct Args {
    /// The agent's id: here its logical id in the template. Unless set, it is the only agent, or the one that is no
    /// other one's collaborator
    #[arg(long, value_name = "ID")]
    agent: Option<String>,
    /// The agent's alias id. Alone it means AWS; with an endpoint the default is TSTALIASID
    #[arg(long, value_name = "ID")]
    alias: Option<String>,
    /// The session to go on with. Without it a new one begins
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// Show what the agents do as it happens: drawn as a timeline on standard error, or with `=json` as the raw trace
    /// parts, one per line, on standard output, which then has nothing else
    #[arg(long, value_name = "HOW", num_args = 0..=1, require_equals = true, default_missing_value = "timeline")]
    trace: Option<Trace>,
    /// Print the answer while it is being written. On AWS the agent's role must allow
    /// bedrock:InvokeModelWithResponseStream
    #[arg(long)]
    stream: bool,
    /// A table of prices to use instead of the built-in one; docs/models.md shows one
    #[arg(long, value_name = "FILE", env = "TOOLGATE_PRICES")]
    prices: Option<PathBuf>,
    /// Where to talk to. http:// and loopback addresses get dummy credentials, others yours
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME")]
    endpoint_url: Option<String>,
    /// What to say. Without it every line of standard input is one turn
    text: Option<String>,
}

/// Talks. A failed turn ends with exit code 1, and in a terminal's conversation goes on.
pub(crate) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let prices = args.prices.as_deref().map_or_else(|| Ok(Prices::known()), Prices::read)?;
    let endpoint = endpoint::checked(args.endpoint_url)?;
    let place = client::Place::choose(endpoint.as_deref(), args.alias.as_deref());
    let introduction = place.introduce(args.agent.as_deref()).await?;
    let client = place.connect().await?;
    if !introduction.words.is_empty() {
        terminal::note(&introduction.words)?;
    }
    let options = [
        ("--agent", Some(&introduction.agent)),
        ("--alias", args.alias.as_ref()),
        ("--endpoint-url", endpoint.as_ref()),
    ];
    let again = options.iter().filter_map(|(name, value)| Some(format!(" {name} {}", terminal::line(value.as_ref()?))));
    let mut talk = Talk {
        again: again.collect(),
        client,
        target: Target {
            agent: introduction.agent.clone(),
            alias: args.alias.clone().unwrap_or_else(|| "TSTALIASID".to_owned()),
            session: args.session.unwrap_or_else(talk::new_session),
        },
        keyboard: Keyboard::new(),
        screen: Screen::new(args.trace, Costs::new(prices)),
        stream: args.stream,
        interrupts: Interrupts::new()?,
    };
    match args.text {
        Some(text) => talk.once(&text).await,
        None if talk.keyboard.is_terminal() => talk.person().await,
        None => talk.lines().await,
    }
}
