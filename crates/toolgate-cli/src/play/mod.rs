//! `toolgate play`: the conversations of a scenario, played through the AWS SDK against a local agent, and checked.

mod check;
mod local;
mod record;

use std::{io::Write, path::PathBuf, process::ExitCode};

use aws_sdk_bedrockagentruntime::{Client, types::TracePart};
use serde_json::Value;
use toolgate_local::models::script::{Conversation, Scenario, Turn, YesNo};
use uuid::Uuid;

use crate::{
    chat::{
        Failure,
        client::Place,
        timeline::{Page, Timeline},
        turn::{self, Asked, Target, Watch},
    },
    hostile::Hostile,
};
use record::Record;

/// What `toolgate play` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The template whose agents are started, on a port and with tables of their own.
    #[arg(long, value_name = "FILE", default_value = "template.yaml")]
    template: PathBuf,
    /// The scenario: the rules of the model, and the conversations to play.
    #[arg(long, value_name = "FILE", default_value = "scenarios/support-desk.yaml")]
    scenario: PathBuf,
    /// Play against a local agent that runs already, with its own model and tables.
    #[arg(long, value_name = "URL", conflicts_with = "hostile")]
    endpoint_url: Option<String>,
    /// Keep the tables here, to look at them afterwards; without it they are gone.
    #[arg(long, value_name = "DIR", conflicts_with = "endpoint_url")]
    data: Option<PathBuf>,
    #[command(flatten)]
    hostile: Hostile,
}

/// Plays all conversations; the exit code says whether every one went as expected.
pub(crate) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let scenario = Scenario::read(&args.scenario)?;
    let seed = args.hostile.seed();
    if scenario.conversations.is_empty() {
        return Err(format!("scenario `{}` has no conversations to play", args.scenario.display()).into());
    }
    let started = match args.endpoint_url {
        Some(_) => None,
        None => Some(local::start(&args.template, &args.scenario, args.data.as_deref(), seed).await?),
    };
    let url =
        args.endpoint_url.or_else(|| started.as_ref().map(|started| started.url().to_owned())).unwrap_or_default();
    let result = play_all(&scenario, &url, seed).await;
    if let Some(started) = started {
        started.shutdown().await;
    }
    result
}

async fn play_all(scenario: &Scenario, url: &str, hostile: Option<u64>) -> Result<ExitCode, Failure> {
    let place = Place::choose(Some(url), None);
    let client = place.connect().await?;
    let mut problems = Vec::new();
    if let Some(seed) = hostile {
        say(&format!("hostile mode, seed {seed}"))?;
    }
    for (index, conversation) in scenario.conversations.iter().enumerate() {
        // what is done to a call follows from seed and session, so a seed wants the same sessions each time
        let session =
            if hostile.is_some() { format!("play-{}", index + 1) } else { format!("play-{}", Uuid::new_v4()) };
        say(&format!("\n== {} (with {})", conversation.name, conversation.agent))?;
        say(&place.introduce(&conversation.agent).await?)?;
        for problem in play(&client, conversation, session).await? {
            say(&format!("   not as expected: {problem}"))?;
            problems.push(format!("{}: {problem}", conversation.name));
        }
    }
    say(BOTO3)?;
    let played = scenario.conversations.len();
    if problems.is_empty() {
        say(&format!("{played} conversations went as expected."))?;
        return Ok(ExitCode::SUCCESS);
    }
    let again = hostile.map_or_else(String::new, |seed| format!("\n  again the same way: `--hostile --seed {seed}`"));
    Err(format!(
        "{} of what was expected in {played} conversations did not come:\n  {}{again}",
        problems.len(),
        problems.join("\n  ")
    )
    .into())
}

/// How to call an agent that goes on running.
const BOTO3: &str = r#"
To call the agents from another shell, start them with `toolgate dev` and run this:

  python3 - <<'EOF'
  import boto3
  agents = boto3.client("bedrock-agent-runtime", endpoint_url="http://127.0.0.1:8787", region_name="us-east-1",
                        aws_access_key_id="local", aws_secret_access_key="local")
  reply = agents.invoke_agent(agentId="Billing", agentAliasId="TSTALIASID", sessionId="my-session",
                              inputText="Find all invoices from Q1 2026 for Acme Corp that exceed $10K")
  print("".join(event["chunk"]["bytes"].decode() for event in reply["completion"] if "chunk" in event))
  EOF
"#;

async fn play(client: &Client, conversation: &Conversation, session: String) -> Result<Vec<String>, Failure> {
    let target = Target { agent: conversation.agent.clone(), alias: "TSTALIASID".to_owned(), session };
    let mut problems = Vec::new();
    for turn in &conversation.turns {
        say(&format!("\n   you> {}", turn.say))?;
        let mut player =
            Player { turn, timeline: Timeline::new(Page::on(&std::io::stdout())), record: Record::default() };
        if let Err(error) = turn::take(client, &target, &turn.say, &mut player).await {
            problems.push(format!("the turn failed: {error}"));
            break;
        }
        say(&format!("   {}> {}", target.agent, player.record.answer.replace('\n', "\n   ")))?;
        problems.extend(check::check(&turn.expect, &player.record));
    }
    Ok(problems)
}

fn say(text: &str) -> Result<(), Failure> {
    Ok(writeln!(std::io::stdout().lock(), "{text}")?)
}

/// Plays the person, draws the traces and remembers what happened.
struct Player<'a> {
    turn: &'a Turn,
    timeline: Timeline,
    record: Record,
}

impl Watch for Player<'_> {
    fn text(&mut self, text: &str) -> Result<(), Failure> {
        self.record.answer.push_str(text);
        Ok(())
    }

    fn trace(&mut self, part: &TracePart, raw: &Value) -> Result<(), Failure> {
        self.record.add(part);
        Ok(self.timeline.draw(raw, None, &mut std::io::stdout().lock())?)
    }

    async fn confirm(&mut self, asked: &Asked) -> Result<bool, Failure> {
        let Some(answer) = self.turn.confirm else {
            return Err(format!("{asked} The scenario has no answer to that").into());
        };
        let agreed = answer == YesNo::Yes;
        say(&format!("           {asked} Allow? [y/n] {}", if agreed { "y" } else { "n" }))?;
        self.record.confirmed.push(asked.tool.clone());
        Ok(agreed)
    }
}
