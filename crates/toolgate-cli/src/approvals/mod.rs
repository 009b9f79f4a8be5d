//! `toolgate approvals`: a person approves or denies parked calls, on platforms that have no confirmation of their own.

mod show;
mod table;
mod watch;

use std::{
    io::{BufRead, IsTerminal, Write},
    process::ExitCode,
    time::Duration,
};

use aws_sdk_dynamodb::primitives::DateTime;
use clap::Subcommand;
use toolgate_dynamodb::{Approvals, ApprovalsError, Decision};

use crate::{failure::Failure, terminal};

const WHERE: &str = "\
Without --table and --endpoint-url the local agent at http://127.0.0.1:8787 (`toolgate dev`) is used.
With --table alone AWS is used, with the credentials and the region of your AWS configuration.
The template of the local agent names its table: `Metadata: Toolgate: {Approvals: LOGICAL_ID}`.

Examples:
  toolgate approvals list
  toolgate approvals watch
  toolgate approvals approve APR-7M2KQ4XWZA --by dana@example.com
  toolgate approvals deny APR-7M2KQ4XWZA --by dana@example.com
  toolgate approvals list --json --table my-project-prod-approvals --region eu-west-1";

/// The arguments of `toolgate approvals`.
#[derive(Debug, clap::Args)]
#[command(after_help = WHERE)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    table: table::TableArgs,
    /// Print JSON on standard output, and nothing else there
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List the calls that wait for a person, the oldest first
    #[command(after_help = WHERE)]
    List {
        /// Add each call's digest to the JSON, for `approve --digest`
        #[arg(long, requires = "json")]
        with_digest: bool,
    },
    /// Show calls as they begin to wait; on a terminal, decide about each
    #[command(after_help = WHERE)]
    Watch {
        /// Who decides; the name is recorded
        #[arg(long, value_name = "NAME", conflicts_with = "json")]
        by: Option<String>,
        /// Read the table again after so many seconds; each time reads all of its items
        #[arg(long, value_name = "SECONDS", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=3600))]
        every: u64,
    },
    /// Let a call run once, exactly as shown; on a terminal this shows the call and asks for confirmation
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
    /// Who decides; the name is recorded
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Decide only if the call still has this digest (`list --json --with-digest`), and do not ask
    #[arg(long, value_name = "HEX")]
    digest: Option<String>,
}

/// The parked calls of the local agent at this address.
///
/// # Errors
/// Its template names no table of parked calls.
pub(crate) async fn of_local(url: &str) -> Result<Approvals, Failure> {
    table::TableArgs::local(url).approvals().await
}

/// A table of parked calls that the user named.
#[derive(Debug, Clone)]
pub(crate) struct Deployed {
    pub(crate) table: String,
    /// The endpoint of DynamoDB, if it is not that of the environment.
    pub(crate) endpoint: Option<String>,
    pub(crate) region: String,
}

/// The parked calls of a table that the user named.
///
/// # Errors
/// There are no credentials, or the endpoint is not valid.
pub(crate) async fn of_deployed(table: &Deployed) -> Result<Approvals, Failure> {
    table::TableArgs::deployed(table).approvals().await
}

/// The name of the person who decides: the one who is logged in.
///
/// # Errors
/// It is not known.
pub(crate) fn login() -> Result<String, Failure> {
    let names = ["USER", "LOGNAME"].into_iter().filter_map(|name| std::env::var(name).ok());
    let name = names.filter_map(|name| person(&name).ok()).next();
    name.ok_or_else(|| "the name of the person who decides is missing: pass --by NAME".into())
}

/// Lists the parked calls, or decides about one.
///
/// # Errors
/// The table cannot be read, or the call cannot be decided.
pub(crate) async fn run(args: Args) -> Result<ExitCode, Failure> {
    let (decide, decision) = match &args.what {
        What::List { with_digest } => return list(&args, *with_digest).await,
        What::Watch { by, every } => {
            let by = match is_interactive() && !args.json {
                true => Some(match by {
                    Some(name) => person(name)?,
                    None => login()?,
                }),
                false => None,
            };
            let approvals = args.table.approvals().await?;
            return watch::run(&approvals, by.as_deref(), args.json, Duration::from_secs(*every)).await;
        }
        What::Approve(decide) => (decide, Decision::Approve),
        What::Deny(decide) => (decide, Decision::Deny),
    };
    let by = match decide.by.as_deref() {
        Some(name) => person(name)?,
        None => login()?,
    };
    let approvals = args.table.approvals().await?;
    let shown = approvals.find(&decide.id).await?;
    match &decide.digest {
        Some(digest) if !digest.eq_ignore_ascii_case(&shown.digest()) => {
            return Err(ApprovalsError::Changed { id: shown.id }.into());
        }
        // the call is shown before it is approved
        None if decision == Decision::Approve && is_interactive() => {
            let call = show::call(&shown, DateTime::from(std::time::SystemTime::now()));
            write!(std::io::stderr().lock(), "{call}Approve? [y/N] ")?;
            // What was typed before the call was shown decides nothing about it.
            terminal::discard_typed();
            if !is_yes(std::io::stdin().lock())? {
                writeln!(std::io::stderr().lock(), "nothing is decided")?;
                return Ok(ExitCode::FAILURE);
            }
        }
        _ => {}
    }
    approvals.decide(&shown, decision, &by).await?;
    let line = match args.json {
        true => show::json(&shown)?,
        false => show::decided(&shown, decision, &by),
    };
    writeln!(std::io::stdout().lock(), "{line}")?;
    Ok(ExitCode::SUCCESS)
}

/// Whether a person can answer a question, which is shown on standard error.
fn is_interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Whether the next line is a yes. The end of the input is a no.
fn is_yes(mut input: impl BufRead) -> std::io::Result<bool> {
    let mut line = String::new();
    input.read_line(&mut line)?;
    Ok(["y", "yes"].iter().any(|yes| line.trim().eq_ignore_ascii_case(yes)))
}

async fn list(args: &Args, with_digest: bool) -> Result<ExitCode, Failure> {
    let list = args.table.approvals().await?.list().await?;
    let mut out = std::io::stdout().lock();
    match (args.json, list.pending.is_empty()) {
        (true, _) if with_digest => {
            let calls: Vec<_> = list.pending.iter().map(show::WithDigest::of).collect();
            writeln!(out, "{}", show::json(&calls)?)?;
        }
        (true, _) => writeln!(out, "{}", show::json(&list.pending)?)?,
        (false, true) => writeln!(std::io::stderr().lock(), "nothing waits")?,
        (false, false) => write!(out, "{}", show::table(&list.pending, DateTime::from(std::time::SystemTime::now())))?,
    }
    for call in &list.unreadable {
        writeln!(std::io::stderr().lock(), "{}", show::unreadable(call))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Checks the form of an approval's id, so that a typing mistake sends no request.
fn id(text: &str) -> Result<String, String> {
    let rest = text.strip_prefix("APR-").unwrap_or_default();
    let base32 = |byte: u8| matches!(byte, b'A'..=b'Z' | b'2'..=b'7');
    match rest.len() == 10 && rest.bytes().all(base32) {
        true => Ok(text.to_owned()),
        false => Err("an approval's id is `APR-` and ten characters, such as `APR-7M2KQ4XWZA`".to_owned()),
    }
}

/// Checks a name that is to be recorded.
fn person(name: &str) -> Result<String, String> {
    let name = name.trim();
    match name.is_empty() || name.len() > 200 || name.contains(char::is_control) {
        true => Err("a name has 1 to 200 characters, on one line".to_owned()),
        false => Ok(name.to_owned()),
    }
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
    fn only_yes_is_a_yes() {
        for yes in ["y", "Y\n", " yes \n", "YES\nn\n"] {
            assert!(is_yes(yes.as_bytes()).unwrap(), "{yes}");
        }
        for no in ["", "\n", "n\n", "yy\n", "\ny\n", "yes please\n", "\u{1b}[Ay\n"] {
            assert!(!is_yes(no.as_bytes()).unwrap(), "{no}");
        }
    }

    #[test]
    fn a_name_is_one_line() {
        assert_eq!(person(" Dana ").as_deref(), Ok("Dana"));
        assert!(
            person("").is_err() && person(" ").is_err() && person("a\nb").is_err() && person("a\u{1b}[2J").is_err()
        );
    }
}
