//! `toolgate chat`: a conversation in the terminal, with an agent or a harness, on this machine or on AWS.

mod command;
mod interrupt;
mod keyboard;
mod screen;
mod session;
mod trace;

use std::{path::PathBuf, process::ExitCode};

use toolgate::{Usd, prices::Prices};

use interrupt::Interrupts;
use keyboard::Keyboard;
use screen::Screen;
use session::ChatSession;
use trace::Trace;

use crate::{
    agent::{costs::Costs, deployed::DeployedArgs, peer},
    endpoint,
    failure::Failure,
    project_args::name_value,
    terminal,
};

const WHERE: &str = "\
Without --alias and --endpoint-url it talks to the local agent at http://127.0.0.1:8787 (`toolgate dev`).
With --alias alone it talks to a deployed agent, with the credentials and the region of your AWS configuration.
With --harness-arn it talks to a deployed harness, with your AWS credentials and in the region of the ARN.
A call of a harness that waits for a person is shown, and your answer decides about it as `toolgate approvals` does.
On AWS this needs --approvals-table.
On a terminal /help lists the commands; the history of lines is not saved.

Examples:
  toolgate chat
  toolgate chat --trace --stream
  toolgate chat --agent Orders \"What is the status of order 1001?\"
  toolgate chat --harness Harness
  toolgate chat --attribute customerId=C-17
  toolgate chat --agent ABCDEFGHIJ --alias KLMNOPQRST
  toolgate chat --harness-arn arn:aws:bedrock-agentcore:us-east-1:123456789012:harness/desk-abcdefghij";

/// Talk to an agent or a harness, on this machine or on AWS
#[derive(Debug, clap::Args)]
#[command(after_help = WHERE)]
pub(crate) struct Args {
    /// The agent's id: on this machine its logical id in the template. The default is the only agent, or the only one that
    /// is not a collaborator of another
    #[arg(long, value_name = "ID", conflicts_with = "harness_arn")]
    agent: Option<String>,
    /// The agent's alias id. Without --endpoint-url it means an agent on AWS; with it the default is TSTALIASID
    #[arg(long, value_name = "ID", conflicts_with = "harness_arn")]
    alias: Option<String>,
    /// The harness on this machine, by its logical id in the template. The default is the only harness, if there are no
    /// agents
    #[arg(long, value_name = "ID", conflicts_with_all = ["agent", "alias"])]
    harness: Option<String>,
    #[command(flatten)]
    deployed: DeployedArgs,
    /// Set an attribute of the session, such as the identity of the user (repeatable)
    #[arg(long, value_name = "NAME=VALUE", value_parser = name_value)]
    attribute: Vec<(String, String)>,
    /// The session to continue. The default is a new one
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// Show what the agents do: as a timeline on standard error, or with `=json` as raw trace parts, one per line, on
    /// standard output and nothing else there
    #[arg(long, value_name = "HOW", num_args = 0..=1, require_equals = true, default_missing_value = "timeline")]
    trace: Option<Trace>,
    /// Print the answer while it is being written. On AWS the agent's role must allow
    /// bedrock:InvokeModelWithResponseStream
    #[arg(long)]
    stream: bool,
    /// A table of prices to use instead of the built-in one; docs/models.md shows one
    #[arg(long, value_name = "FILE", env = "TOOLGATE_PRICES")]
    prices: Option<PathBuf>,
    /// What the session may cost, in US dollars, to show what is left. The default is that of the local agent's template
    #[arg(long, value_name = "AMOUNT")]
    session_usd: Option<Usd>,
    /// The endpoint of the agent. Your AWS credentials are used; http:// and loopback addresses get dummy credentials. The
    /// default is AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME, or AWS_ENDPOINT_URL_BEDROCK_AGENTCORE with --harness-arn
    #[arg(long, value_name = "URL")]
    endpoint_url: Option<String>,
    /// The message. Without it every line of standard input is one turn
    text: Option<String>,
}

/// Runs a chat. A failed turn is exit code 1, except on a terminal, where the chat goes on.
pub(crate) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let prices = args.prices.as_deref().map_or_else(|| Ok(Prices::known()), Prices::read)?;
    let of_agents = || std::env::var("AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME").ok();
    let is_deployed = args.deployed.harness_arn.is_some();
    let endpoint =
        endpoint::checked(if is_deployed { args.endpoint_url } else { args.endpoint_url.or_else(of_agents) })?;
    let limit = match args.session_usd {
        None if !is_deployed => peer::session_limit(endpoint.as_deref(), args.alias.as_deref()).await,
        limit => limit,
    };
    let wanted = peer::Wanted {
        agent: args.agent.as_deref(),
        alias: args.alias.as_deref(),
        harness: args.harness.as_deref(),
        deployed: Some(&args.deployed),
    };
    let (peer, note) = peer::find(endpoint.as_deref(), &wanted).await?;
    let peer = peer.with_attributes(args.attribute.iter().cloned().collect())?;
    if !note.is_empty() {
        terminal::note(&note)?;
    }
    let mut options = args.deployed.typed();
    if !is_deployed {
        options.push((if peer.is_harness() { "--harness" } else { "--agent" }, peer.id().to_owned()));
    }
    options.extend(args.alias.map(|alias| ("--alias", alias)));
    options.extend(endpoint.map(|url| ("--endpoint-url", url)));
    options.extend(args.attribute.iter().map(|(name, value)| ("--attribute", format!("{name}={value}"))));
    let reconnect = options.iter().map(|(name, value)| format!(" {name} {}", terminal::line(value)));
    let mut session = ChatSession {
        reconnect: reconnect.collect(),
        peer,
        id: args.session.unwrap_or_else(session::new_session),
        keyboard: Keyboard::new(),
        screen: Screen::new(args.trace, Costs::new(prices).with_limit(limit)),
        stream: args.stream,
        interrupts: Interrupts::new()?,
    };
    match args.text {
        Some(text) => session.single(&text).await,
        None if session.keyboard.is_terminal() => session.interactive().await,
        None => session.piped().await,
    }
}
