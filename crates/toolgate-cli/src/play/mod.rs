//! `toolgate play`: runs the conversations of a scenario against a local agent or a harness on AWS, and checks them. Agents
//! are called through the AWS SDK, a harness over InvokeHarness.

mod check;
mod local;
mod record;

use std::{path::PathBuf, process::ExitCode};

use serde_json::Value;
use toolgate_local::models::script::{Conversation, Scenario, Turn, YesNo};
use uuid::Uuid;

use crate::{
    agent::{
        deployed::DeployedArgs,
        peer::{self, Peer, Wanted},
        question,
        timeline::{Page, Timeline},
        turn::{ConfirmationRequest, TurnObserver},
    },
    endpoint,
    failure::Failure,
    hostile::HostileArgs,
    project,
    project_args::name_value,
    terminal,
};
use record::Record;

const EXAMPLES: &str = "\
Examples:
  toolgate play
  toolgate play --scenario scenarios/returns.yaml --data /tmp/tables
  toolgate play --hostile --seed 7
  toolgate play --parameter AgentPlatform=agentcore
  toolgate play --harness Harness
  toolgate play --endpoint-url http://127.0.0.1:8787
  toolgate play --harness-arn arn:aws:bedrock-agentcore:us-east-1:123456789012:harness/desk-abcdefghij \
      --approvals-table my-project-dev-approvals";

/// Play the conversations of a scenario and check their results
///
/// The template's agents are started for this, and called through the AWS SDK. Without agents its only harness plays the
/// conversations. With --harness-arn a deployed harness plays them, with its own model and tables: the effects are real.
/// The exit code is 0 if all conversations went as expected.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The SAM template, whose agents are started on a free port with tables of their own
    #[arg(long, value_name = "FILE", default_value = "template.yaml")]
    template: PathBuf,
    /// The scenario: the rules of the model and the conversations to play. The default is the only file in the folder
    /// `scenarios` beside the template
    #[arg(long, value_name = "FILE")]
    scenario: Option<PathBuf>,
    /// Play against a running local agent, with its own model and tables
    #[arg(long, value_name = "URL", conflicts_with = "hostile")]
    endpoint_url: Option<String>,
    /// Play all conversations with this harness, by its logical id in the template. The default is the conversation's own
    /// agent or, if there are no agents, the only harness
    #[arg(long, value_name = "ID")]
    harness: Option<String>,
    #[command(flatten)]
    deployed: DeployedArgs,
    /// Set a parameter of the template (repeatable)
    #[arg(long, value_name = "NAME=VALUE", value_parser = name_value, conflicts_with_all = ["endpoint_url", "harness_arn"])]
    parameter: Vec<(String, String)>,
    /// Keep the tables in this folder; the default is to keep them in memory
    #[arg(long, value_name = "DIR", conflicts_with_all = ["endpoint_url", "harness_arn"])]
    data: Option<PathBuf>,
    #[command(flatten)]
    hostile: HostileArgs,
}

/// Plays all conversations. The exit code is 0 if every one went as expected.
pub(crate) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let endpoint = endpoint::checked(args.endpoint_url)?;
    let file = match args.scenario {
        Some(file) => file,
        None => {
            project::require_template(&args.template)?;
            project::only_scenario(&args.template)?
        }
    };
    let scenario = Scenario::read(&file)?;
    let seed = args.hostile.seed();
    if scenario.conversations.is_empty() {
        return Err(format!("scenario `{}` has no conversations to play", file.display()).into());
    }
    let is_deployed = args.deployed.harness_arn.is_some();
    if is_deployed && seed.is_some() {
        return Err("hostile mode changes calls on this machine only: omit --hostile or --harness-arn".into());
    }
    let started = match endpoint {
        Some(_) => None,
        None if is_deployed => None,
        None => {
            project::require_template(&args.template)?;
            Some(local::start(&args.template, &file, args.data.as_deref(), seed, &args.parameter).await?)
        }
    };
    let url = endpoint.or_else(|| started.as_ref().map(|started| started.url().to_owned()));
    let named = Wanted { harness: args.harness.as_deref(), deployed: Some(&args.deployed), ..Wanted::default() };
    let mut result = play_all(&scenario, url.as_deref(), seed, &named).await;
    if let Some(started) = started {
        if let (Ok(_), Some(seed), Some(problem)) = (&result, seed, reply_differences(&started.health())) {
            result = Err(format!("{problem}\nrepeat it with `--hostile --seed {seed}`").into());
        }
        started.shutdown().await;
    }
    result
}

/// The problem if tools that run once gave another reply to a second delivery of the same call.
fn reply_differences(health: &Value) -> Option<String> {
    match health.get("hostileDiffering").and_then(Value::as_u64)? {
        0 => None,
        1 => Some(
            "a tool that runs once answered a second delivery of the same call differently; see its log line"
                .to_owned(),
        ),
        many => Some(format!(
            "tools that run once answered {many} second deliveries of the same call differently; see their log lines"
        )),
    }
}

async fn play_all(
    scenario: &Scenario,
    url: Option<&str>,
    hostile: Option<u64>,
    named: &Wanted<'_>,
) -> Result<ExitCode, Failure> {
    let mut problems = Vec::new();
    let mut last = None;
    if let Some(seed) = hostile {
        print(&format!("hostile mode, seed {seed}"))?;
    }
    for (index, conversation) in scenario.conversations.iter().enumerate() {
        let (peer, note) = match url {
            Some(url) if !named.is_harness() => peer::of_conversation(url, &conversation.agent).await?,
            url => peer::find(url, named).await?,
        };
        let peer = peer.with_attributes(conversation.attributes.clone())?;
        // Hostile mode depends on the seed and the session, so sessions have the same names each time. A harness takes
        // ids of 33 characters or more.
        let session = match (hostile, peer.is_harness()) {
            (None, _) => format!("play-{}", Uuid::new_v4()),
            (Some(_), false) => format!("play-{}", index + 1),
            (Some(_), true) => format!("play-{:036}", index + 1),
        };
        print(&format!("\n== {} (with {})", conversation.name, peer.id()))?;
        if !note.is_empty() {
            print(&note)?;
        }
        for problem in play(&peer, conversation, &session).await? {
            print(&indented("   not as expected: ", &problem))?;
            problems.push(format!("{}: {problem}", conversation.name));
        }
        last = Some(peer);
    }
    let example = shell_example(scenario, last.as_ref());
    if !example.is_empty() {
        print(&example)?;
    }
    let played = scenario.conversations.len();
    if problems.is_empty() {
        let conversations = if played == 1 { "conversation" } else { "conversations" };
        print(&format!("{played} {conversations} went as expected."))?;
        return Ok(ExitCode::SUCCESS);
    }
    let again = hostile.map_or_else(String::new, |seed| format!("\n  repeat it with `--hostile --seed {seed}`"));
    Err(format!(
        "{} differences from the expectations of {played} conversations:\n  {}{again}",
        problems.len(),
        problems.join("\n  ")
    )
    .into())
}

/// A program for the first turn of the first conversation.
fn shell_example(scenario: &Scenario, peer: Option<&Peer>) -> String {
    let first = scenario.conversations.first();
    let turn = first.and_then(|conversation| Some((&conversation.agent, &conversation.turns.first()?.say)));
    let Some((agent, say)) = turn else { return String::new() };
    // JSON strings are valid Python strings
    let [agent, say] = [agent, say].map(|text| terminal::escaped(&Value::String(text.clone()).to_string()));
    if let Some(Peer::Harness(harness)) = peer {
        if !harness.is_on_this_machine() {
            return String::new();
        }
        return format!(
            r#"
To call the harness from another shell, start `toolgate dev` and run:

python3 - <<'EOF'
import boto3
client = boto3.client("bedrock-agentcore", endpoint_url="http://127.0.0.1:8787", region_name="us-east-1",
                      aws_access_key_id="local", aws_secret_access_key="local")
reply = client.invoke_harness(harnessArn="{}", runtimeSessionId="my-session".ljust(33, "0"),
                              messages=[{{"role": "user", "content": [{{"text": {say}}}]}}])
deltas = (event["contentBlockDelta"]["delta"] for event in reply["stream"] if "contentBlockDelta" in event)
print("".join(delta.get("text", "") for delta in deltas))
EOF
"#,
            harness.arn()
        );
    }
    format!(
        r#"
To call the agents from another shell, start `toolgate dev` and run:

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

async fn play(peer: &Peer, conversation: &Conversation, session: &str) -> Result<Vec<String>, Failure> {
    let mut problems = Vec::new();
    for turn in &conversation.turns {
        print(&indented("\n   you> ", &turn.say))?;
        let mut player =
            Player { turn, timeline: Timeline::new(Page::on(&std::io::stdout())), record: Record::default() };
        if let Err(error) = peer.take(session, &turn.say, &mut player).await {
            problems.push(format!("the turn failed: {error}"));
            break;
        }
        print(&indented(&format!("   {}> ", peer.id()), &player.record.answer))?;
        problems.extend(check::check(&turn.expect, &player.record, peer.is_harness()));
    }
    Ok(problems)
}

fn print(text: &str) -> Result<(), Failure> {
    Ok(terminal::out(text)?)
}

/// Text with an indent for its further lines as well.
fn indented(first: &str, text: &str) -> String {
    format!("{first}{}", terminal::lines(text).replace('\n', "\n   "))
}

/// Answers confirmations as the scenario says, draws the traces and records the turn.
struct Player<'a> {
    turn: &'a Turn,
    timeline: Timeline,
    record: Record,
}

impl TurnObserver for Player<'_> {
    fn text(&mut self, text: &str) -> Result<(), Failure> {
        self.record.answer.push_str(text);
        Ok(())
    }

    fn trace(&mut self, part: &Value) -> Result<(), Failure> {
        self.record.add(part);
        Ok(self.timeline.draw(part, None, &mut std::io::stdout().lock())?)
    }

    async fn confirm(&mut self, asked: &ConfirmationRequest) -> Result<bool, Failure> {
        let (lines, ask) = question(asked, terminal::columns());
        let Some(answer) = self.turn.confirm else {
            return Err(format!("{}\nthe scenario has no answer to this confirmation", lines.join("\n")).into());
        };
        let agreed = answer == YesNo::Yes;
        for line in lines {
            print(&format!("   {line}"))?;
        }
        print(&format!("   {ask}{}", if agreed { "y" } else { "n" }))?;
        self.record.decided(&asked.tool);
        Ok(agreed)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::reply_differences;

    #[test]
    fn another_reply_to_a_second_delivery_fails_the_play() {
        assert_eq!(reply_differences(&json!({"hostileDiffering": null})), None);
        assert_eq!(reply_differences(&json!({"hostileDiffering": 0})), None);
        assert!(reply_differences(&json!({"hostileDiffering": 1})).unwrap().starts_with("a tool that runs once"));
        assert!(reply_differences(&json!({"hostileDiffering": 3})).unwrap().contains("answered 3 second deliveries"));
    }
}
