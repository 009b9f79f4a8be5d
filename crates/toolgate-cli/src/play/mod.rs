//! `toolgate play`: the conversations of a scenario, played through the AWS SDK against a local agent, and checked.

mod check;
mod local;
mod record;

use std::{path::PathBuf, process::ExitCode};

use aws_sdk_bedrockagentruntime::{Client, types::TracePart};
use serde_json::Value;
use toolgate_local::models::script::{Conversation, Scenario, Turn, YesNo};
use uuid::Uuid;

use crate::{
    agent::{
        client::Place,
        question,
        timeline::{Page, Timeline},
        turn::{self, Asked, Target, Watch},
    },
    endpoint,
    failure::Failure,
    hostile::Hostile,
    project, terminal,
};
use record::Record;

const EXAMPLES: &str = "\
Examples:
  toolgate play
  toolgate play --scenario scenarios/returns.yaml --data /tmp/tables
  toolgate play --hostile --seed 7
  toolgate play --endpoint-url http://127.0.0.1:8787";

/// Play the conversations of a scenario, and check what comes of them
///
/// Each conversation is played through the AWS SDK against the template's agents, which are started for it. The exit
/// code is 0 if all went as the scenario expects.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The template whose agents are started, on a port and with tables of their own
    #[arg(long, value_name = "FILE", default_value = "template.yaml")]
    template: PathBuf,
    /// The scenario: the rules of the model, and the conversations to play. Unless set, it is the only one in the folder
    /// `scenarios` beside the template
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// Play against a local agent that runs already, with its own model and tables
    #[arg(long, value_name = "URL", conflicts_with = "hostile")]
    endpoint_url: Option<String>,
    /// Keep the tables here, to look at them afterwards; without it they are gone
    #[arg(long, value_name = "DIR", conflicts_with = "endpoint_url")]
    data: Option<PathBuf>,
    #[command(flatten)]
    hostile: Hostile,
}

/// Plays all conversations; the exit code says whether every one went as expected.
pub(crate) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let endpoint = endpoint::checked(args.endpoint_url)?;
    let file = match args.scenario {
        Some(file) => file,
        None => {
            project::has_template(&args.template)?;
            project::only_scenario(&args.template)?
        }
    };
    let scenario = Scenario::read(&file)?;
    let seed = args.hostile.seed();
    if scenario.conversations.is_empty() {
        return Err(format!("scenario `{}` has no conversations to play", file.display()).into());
    }
    let started = match endpoint {
        Some(_) => None,
        None => {
            project::has_template(&args.template)?;
            Some(local::start(&args.template, &file, args.data.as_deref(), seed).await?)
        }
    };
    let url = endpoint.or_else(|| started.as_ref().map(|started| started.url().to_owned())).unwrap_or_default();
    let mut result = play_all(&scenario, &url, seed).await;
    if let Some(started) = started {
        if let (Ok(_), Some(seed), Some(problem)) = (&result, seed, differing(&started.health())) {
            result = Err(format!("{problem}\nagain the same way: `--hostile --seed {seed}`").into());
        }
        started.shutdown().await;
    }
    result
}

/// What is wrong where tools that act once gave another reply to a second delivery of the same call.
fn differing(health: &Value) -> Option<String> {
    match health.get("hostileDiffering").and_then(Value::as_u64)? {
        0 => None,
        1 => Some(
            "a tool that acts once answered a second delivery of the same call differently; its log line says which"
                .to_owned(),
        ),
        many => Some(format!(
            "tools that act once answered {many} second deliveries of the same call differently; their log lines say which"
        )),
    }
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
        say(&place.introduce(Some(&conversation.agent)).await?.words)?;
        for problem in play(&client, conversation, session).await? {
            say(&indented("   not as expected: ", &problem))?;
            problems.push(format!("{}: {problem}", conversation.name));
        }
    }
    say(&from_another_shell(scenario))?;
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

/// How to have the first conversation's first turn with agents that go on running.
fn from_another_shell(scenario: &Scenario) -> String {
    let first = scenario.conversations.first();
    let turn = first.and_then(|conversation| Some((&conversation.agent, &conversation.turns.first()?.say)));
    let Some((agent, say)) = turn else { return String::new() };
    // JSON's escapes are Python's, too
    let [agent, say] = [agent, say].map(|text| terminal::escaped(&Value::String(text.clone()).to_string()));
    format!(
        r#"
To call the agents from another shell, start them with `toolgate dev` and run this:

python3 - <<'EOF'
import boto3
agents = boto3.client("bedrock-agent-runtime", endpoint_url="http://127.0.0.1:8787", region_name="us-east-1",
                      aws_access_key_id="local", aws_secret_access_key="local")
reply = agents.invoke_agent(agentId={agent}, agentAliasId="TSTALIASID", sessionId="my-session",
                            inputText={say})
print("".join(event["chunk"]["bytes"].decode() for event in reply["completion"] if "chunk" in event))
EOF
"#
    )
}

async fn play(client: &Client, conversation: &Conversation, session: String) -> Result<Vec<String>, Failure> {
    let target = Target { agent: conversation.agent.clone(), alias: "TSTALIASID".to_owned(), session };
    let mut problems = Vec::new();
    for turn in &conversation.turns {
        say(&indented("\n   you> ", &turn.say))?;
        let mut player =
            Player { turn, timeline: Timeline::new(Page::on(&std::io::stdout())), record: Record::default() };
        if let Err(error) = turn::take(client, &target, &turn.say, &mut player).await {
            problems.push(format!("the turn failed: {error}"));
            break;
        }
        say(&indented(&format!("   {}> ", target.agent), &player.record.answer))?;
        problems.extend(check::check(&turn.expect, &player.record));
    }
    Ok(problems)
}

fn say(text: &str) -> Result<(), Failure> {
    Ok(terminal::out(text)?)
}

/// Text whose further lines do not begin at the left edge either.
fn indented(first: &str, text: &str) -> String {
    format!("{first}{}", terminal::lines(text).replace('\n', "\n   "))
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
        let (lines, ask) = question(asked, terminal::columns());
        let Some(answer) = self.turn.confirm else {
            return Err(format!("{}\nthe scenario has no answer to that", lines.join("\n")).into());
        };
        let agreed = answer == YesNo::Yes;
        for line in lines {
            say(&format!("   {line}"))?;
        }
        say(&format!("   {ask}{}", if agreed { "y" } else { "n" }))?;
        self.record.confirmed.push(asked.tool.clone());
        Ok(agreed)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::differing;

    #[test]
    fn another_reply_to_a_second_delivery_fails_the_play() {
        assert_eq!(differing(&json!({"hostileDiffering": null})), None);
        assert_eq!(differing(&json!({"hostileDiffering": 0})), None);
        assert!(differing(&json!({"hostileDiffering": 1})).unwrap().starts_with("a tool that acts once"));
        assert!(differing(&json!({"hostileDiffering": 3})).unwrap().contains("answered 3 second deliveries"));
    }
}
