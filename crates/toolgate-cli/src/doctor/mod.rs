//! `toolgate doctor`: says what is missing or wrong on this machine and in the project, and what mends it.

mod machine;
mod project;

use std::{path::PathBuf, process::ExitCode};

use serde::Serialize;
use serde_json::json;

use crate::{failure::Failure, terminal};

const EXAMPLES: &str = "\
Exit codes: 0 nothing is wrong (there may be notes), 1 something is wrong.

Examples:
  toolgate doctor
  toolgate doctor --json";

/// Say what is missing or wrong on this machine and in the project, with the command that mends it.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The SAM template
    #[arg(long, value_name = "FILE", default_value = "template.yaml")]
    template: PathBuf,
    /// Write a report for programs
    #[arg(long)]
    json: bool,
}

/// One thing that was looked at.
#[derive(Debug, Serialize)]
struct Finding {
    level: Level,
    subject: &'static str,
    found: String,
    /// What mends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Ok,
    /// It is needed for something that not everybody does, such as a deployment.
    Note,
    Wrong,
}

impl Finding {
    fn ok(subject: &'static str, found: impl Into<String>) -> Self {
        Self { level: Level::Ok, subject, found: found.into(), fix: None }
    }

    fn note(subject: &'static str, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { level: Level::Note, subject, found: found.into(), fix: Some(fix.into()) }
    }

    fn wrong(subject: &'static str, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { level: Level::Wrong, subject, found: found.into(), fix: Some(fix.into()) }
    }
}

pub(crate) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let machine = machine::findings();
    let project = project::findings(&args.template);
    let wrong = machine.iter().chain(&project).filter(|finding| finding.level == Level::Wrong).count();
    if args.json {
        let report = json!({"wrong": wrong, "machine": machine, "project": project});
        terminal::out(&terminal::escaped(&format!("{report:#}")))?;
    } else {
        show("this machine", &machine)?;
        show("the project", &project)?;
        terminal::out(&match wrong {
            0 => "nothing is wrong".to_owned(),
            1 => "1 thing is wrong".to_owned(),
            many => format!("{many} things are wrong"),
        })?;
    }
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn show(title: &str, findings: &[Finding]) -> Result<(), Failure> {
    terminal::out(title)?;
    for Finding { level, subject, found, fix } in findings {
        let mark = match level {
            Level::Ok => "ok   ",
            Level::Note => "note ",
            Level::Wrong => "WRONG",
        };
        terminal::out(&format!("  {mark} {subject:<13} {found}"))?;
        if let Some(fix) = fix {
            terminal::out(&format!("        fix: {fix}"))?;
        }
    }
    terminal::out("")?;
    Ok(())
}
