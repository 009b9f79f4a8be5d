//! `toolgate chat`: a conversation with an agent in the terminal, on this machine or on AWS, through the AWS SDK.

pub(crate) mod client;
pub(crate) mod person;
pub(crate) mod timeline;
pub(crate) mod turn;

use std::{
    io::{IsTerminal, Write},
    process::ExitCode,
};

use aws_sdk_bedrockagentruntime::types::TracePart;
use uuid::Uuid;

use person::Person;
use timeline::Timeline;
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
    /// Draw what the agents do, as it happens, on standard error.
    #[arg(long)]
    trace: bool,
    /// Where to talk to. http:// and loopback addresses get dummy credentials, others yours.
    #[arg(long, value_name = "URL", env = "AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME")]
    endpoint_url: Option<String>,
    /// What to say. Without it every line of standard input is one turn.
    text: Option<String>,
}

/// Talks. A failed turn ends with exit code 1, and in a terminal's conversation goes on.
pub(crate) async fn run(args: Args) -> Result<ExitCode, Failure> {
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
    let mut talk = Talk { person: Person::new(), timeline: args.trace.then(Timeline::default), printed: false };
    if let Some(text) = args.text {
        turn::take(&client, &target, &text, &mut talk).await?;
        talk.end_line()?;
        return Ok(ExitCode::SUCCESS);
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
        talk.end_line()?;
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
    timeline: Option<Timeline>,
    printed: bool,
}

impl Talk {
    fn end_line(&mut self) -> Result<(), Failure> {
        if std::mem::take(&mut self.printed) {
            writeln!(std::io::stdout().lock())?;
        }
        if let Some(timeline) = &mut self.timeline {
            *timeline = Timeline::default();
        }
        Ok(())
    }
}

impl Watch for Talk {
    fn wants_trace(&self) -> bool {
        self.timeline.is_some()
    }

    fn text(&mut self, text: &str) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        write!(out, "{text}")?;
        self.printed = true;
        Ok(out.flush()?)
    }

    fn trace(&mut self, part: &TracePart) -> Result<(), Failure> {
        if let Some(timeline) = &mut self.timeline {
            timeline.draw(part, &mut std::io::stderr().lock())?;
        }
        Ok(())
    }

    async fn confirm(&mut self, asked: &Asked) -> Result<bool, Failure> {
        self.person.agrees(asked).await
    }
}
