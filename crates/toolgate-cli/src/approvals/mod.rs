//! `toolgate approvals`: a person decides about calls that wait, where the platform asks nobody.

mod place;
mod show;

use std::{io::Write, process::ExitCode};

use aws_sdk_dynamodb::primitives::DateTime;
use clap::Subcommand;
use toolgate_dynamodb::{Decision, Parked};

use crate::Failure;

const WHERE: &str = "\
Without --table and --endpoint-url it is the local agent at http://127.0.0.1:8787 (`toolgate dev`).
With --table alone it is AWS, with the credentials and the region of your AWS configuration.

Examples:
  toolgate approvals list
  toolgate approvals approve APR-7M2KQ4XWZA
  toolgate approvals deny APR-7M2KQ4XWZA --by dana@example.com
  toolgate approvals list --json --table support-desk-prod-approvals --region eu-west-1";

/// What `toolgate approvals` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = WHERE)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    place: place::Place,
    /// Print JSON on standard output, and nothing else there
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The calls that wait for a person, the oldest first
    #[command(after_help = WHERE)]
    List,
    /// Let a call run, once, with the input that `list` shows
    #[command(after_help = WHERE)]
    Approve(Decide),
    /// Refuse a call until it expires
    #[command(after_help = WHERE)]
    Deny(Decide),
}

#[derive(Debug, clap::Args)]
struct Decide {
    /// The approval's id: `APR-` and ten characters
    #[arg(value_parser = id)]
    id: String,
    /// Who decides; it is recorded
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

/// Shows what waits, or decides. What cannot be decided fails, and says why.
pub(crate) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let (decide, decision) = match &args.what {
        What::List => return list(&args).await,
        What::Approve(decide) => (decide, Decision::Approve),
        What::Deny(decide) => (decide, Decision::Deny),
    };
    let by = match &decide.by {
        Some(name) => person(name)?,
        None => login()?,
    };
    let parked = args.place.approvals().await?.decide(&decide.id, decision, &by).await?;
    let said = match args.json {
        true => show::json(&parked)?,
        false => show::decided(&parked, decision, &by),
    };
    writeln!(std::io::stdout().lock(), "{said}")?;
    Ok(ExitCode::SUCCESS)
}

async fn list(args: &Args) -> Result<ExitCode, Failure> {
    let waiting: Vec<Parked> = args.place.approvals().await?.list().await?;
    let mut out = std::io::stdout().lock();
    match (args.json, waiting.is_empty()) {
        (true, _) => writeln!(out, "{}", show::json(&waiting)?)?,
        (false, true) => writeln!(std::io::stderr().lock(), "nothing waits")?,
        (false, false) => write!(out, "{}", show::table(&waiting, DateTime::from(std::time::SystemTime::now())))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// An approval's id by its form, so that a slip of the pen is no request.
fn id(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("APR-").unwrap_or_default();
    let base32 = |byte: u8| matches!(byte, b'A'..=b'Z' | b'2'..=b'7');
    match rest.len() == 10 && rest.bytes().all(base32) {
        true => Ok(text.to_owned()),
        false => Err("an approval's id is `APR-` and ten characters, such as `APR-7M2KQ4XWZA`".to_owned()),
    }
}

/// A name that can be recorded.
fn person(name: &str) -> Result<String, String> {
    let name = name.trim();
    match name.is_empty() || name.len() > 200 || name.contains(char::is_control) {
        true => Err("a name has 1 to 200 characters, on one line".to_owned()),
        false => Ok(name.to_owned()),
    }
}

fn login() -> Result<String, String> {
    let names = ["USER", "LOGNAME"].into_iter().filter_map(|name| std::env::var(name).ok());
    names.filter_map(|name| person(&name).ok()).next().ok_or_else(|| "say who decides, with --by NAME".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_its_form() {
        assert_eq!(id("APR-7M2KQ4XWZA").as_deref(), Ok("APR-7M2KQ4XWZA"));
        for wrong in
            ["", "APR-", "APR-7M2KQ4XWZ", "APR-7M2KQ4XWZAA", "APR-7m2kq4xwza", "APR-0M2KQ4XWZA", "TCK-7M2KQ4XWZA"]
        {
            assert!(id(wrong).is_err(), "{wrong}");
        }
        assert!(id("APR-7M2KQ4XWZ\u{c4}").is_err());
    }

    #[test]
    fn a_name_is_one_line() {
        assert_eq!(person(" Dana ").as_deref(), Ok("Dana"));
        assert!(
            person("").is_err() && person(" ").is_err() && person("a\nb").is_err() && person("a\u{1b}[2J").is_err()
        );
    }
}
