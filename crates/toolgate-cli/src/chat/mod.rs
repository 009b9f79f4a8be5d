//! `toolgate chat`: a conversation with an agent in the terminal, on this machine or on AWS, through the AWS SDK.

pub(crate) mod client;
pub(crate) mod costs;
pub(crate) mod person;
mod raw;
pub(crate) mod timeline;
pub(crate) mod turn;

use std::{
    io::{IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
};

use aws_sdk_bedrockagentruntime::types::TracePart;
use clap::ValueEnum;
use serde_json::Value;
use toolgate_local::models::Prices;
use uuid::Uuid;

use costs::Costs;
use person::Person;
use timeline::{Page, Timeline};
use turn::{Asked, Target, Watch};

pub(crate) use crate::Failure;

const WHERE: &str = "\
Without --alias and --endpoint-url it talks to the local agent at http://127.0.0.1:8787 (`toolgate dev`).
With --alias alone it talks to a deployed agent, with the credentials and the region of your AWS configuration.";

/// What `toolgate chat` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = WHERE)]
pub(crate) struct Args {
    /// The agent: its id here (Supervisor, Orders, Billing, Support), or its id on AWS.
    #[arg(long, default_value = "Supervisor")]
    agent: String,
    /// The agent's alias id. Alone it means AWS; with an endpoint the default is TSTALIASID.
    #[arg(long)]
    alias: Option<String>,
    /// The session to go on with. Without it a new one begins.
    #[arg(long)]
    session: Option<String>,
    /// Show what the agents do as it happens: drawn as a timeline on standard error, or with `=json` as the raw trace
    /// parts, one per line, on standard output, which then has nothing else.
    #[arg(long, value_name = "HOW", num_args = 0..=1, require_equals = true, default_missing_value = "timeline")]
    trace: Option<Trace>,
    /// Print the answer while it is being written. On AWS the agent's role must allow bedrock:InvokeModelWithResponseStream.
    #[arg(long)]
    stream: bool,
    /// A table of prices to use instead of the built-in one; docs/models.md shows one.
    #[arg(long, value_name = "FILE", env = "TOOLGATE_PRICES")]
    prices: Option<PathBuf>,
    /// Where to talk to. http:// and loopback addresses get dummy credentials, others yours.
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME")]
    endpoint_url: Option<String>,
    /// What to say. Without it every line of standard input is one turn.
    text: Option<String>,
}

/// How traces are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Trace {
    Timeline,
    Json,
}

/// Talks. A failed turn ends with exit code 1, and in a terminal's conversation goes on.
pub(crate) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let prices = args.prices.as_deref().map_or_else(|| Ok(Prices::known()), Prices::read)?;
    let place = client::Place::choose(args.endpoint_url.as_deref(), args.alias.as_deref());
    let client = place.connect().await?;
    let target = Target {
        agent: args.agent,
        alias: args.alias.unwrap_or_else(|| "TSTALIASID".to_owned()),
        session: args.session.unwrap_or_else(|| format!("chat-{}", Uuid::new_v4())),
    };
    let introduction = place.introduce(&target.agent).await?;
    if !introduction.is_empty() {
        writeln!(std::io::stderr().lock(), "{introduction}")?;
    }
    let mut talk = Talk {
        person: Person::new(),
        trace: args.trace,
        timeline: Timeline::new(Page::on(&std::io::stderr())),
        costs: Costs::new(prices),
        stream: args.stream,
        printed: false,
    };
    if let Some(text) = args.text {
        let result = turn::take(&client, &target, &text, &mut talk).await;
        talk.end_turn()?;
        return result.map(|()| ExitCode::SUCCESS);
    }
    let terminal = std::io::stdin().is_terminal();
    let mut failed = false;
    if terminal {
        writeln!(std::io::stderr().lock(), "Session {}. Say something; Ctrl-D ends.", target.session)?;
    }
    while let Some(line) = talk.person.line(if terminal { "\nyou> " } else { "" }).await? {
        if line.trim().is_empty() {
            continue;
        }
        let result = turn::take(&client, &target, &line, &mut talk).await;
        talk.end_turn()?;
        if let Err(error) = result {
            failed = true;
            writeln!(std::io::stderr().lock(), "error: {error}")?;
        }
    }
    // At a keyboard the person saw every error; a script sees the exit code.
    Ok(if failed && !terminal { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Answers to standard output; questions and the timeline to standard error.
struct Talk {
    person: Person,
    trace: Option<Trace>,
    timeline: Timeline,
    costs: Costs,
    stream: bool,
    printed: bool,
}

impl Talk {
    /// Ends the answer's line and says what the turn cost, also when it failed.
    fn end_turn(&mut self) -> Result<(), Failure> {
        if std::mem::take(&mut self.printed) {
            self.say("\n")?;
        }
        if let Some(costs) = self.costs.end_turn() {
            writeln!(std::io::stderr().lock(), "({costs})")?;
        }
        self.timeline.restart();
        Ok(())
    }

    fn say(&self, text: &str) -> std::io::Result<()> {
        if self.trace == Some(Trace::Json) {
            return write!(std::io::stderr().lock(), "{text}");
        }
        let mut out = std::io::stdout().lock();
        write!(out, "{text}")?;
        out.flush()
    }
}

impl Watch for Talk {
    fn wants_stream(&self) -> bool {
        self.stream
    }

    fn text(&mut self, text: &str) -> Result<(), Failure> {
        self.printed = true;
        Ok(self.say(text)?)
    }

    fn trace(&mut self, _part: &TracePart, raw: &Value) -> Result<(), Failure> {
        let cost = self.costs.add(raw);
        match self.trace {
            Some(Trace::Timeline) => self.timeline.draw(raw, cost.as_deref(), &mut std::io::stderr().lock())?,
            Some(Trace::Json) => writeln!(std::io::stdout().lock(), "{raw}")?,
            None => {}
        }
        Ok(())
    }

    async fn confirm(&mut self, asked: &Asked) -> Result<bool, Failure> {
        self.person.agrees(asked).await
    }
}
