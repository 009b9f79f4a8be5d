//! `toolgate approvals watch`: shows calls as they begin to wait, and on a terminal asks about each.

use std::{
    collections::HashSet,
    io::{BufRead, Write},
    process::ExitCode,
    time::{Duration, SystemTime},
};

use aws_sdk_dynamodb::primitives::DateTime;
use toolgate_dynamodb::{Approvals, Decision, PendingApproval};

use super::show;
use crate::{failure::Failure, signal, terminal};

/// How a person answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Decide(Decision),
    /// The call keeps waiting.
    Later,
    /// The input has ended.
    Ended,
}

/// Shows every call that waits, once, until a signal ends the command. `by` decides on a terminal; without it, nothing is
/// asked.
///
/// # Errors
/// The table cannot be read at the start. Later errors are shown, and the table is read again.
pub(super) async fn run(
    approvals: &Approvals,
    by: Option<&str>,
    json: bool,
    every: Duration,
) -> Result<ExitCode, Failure> {
    let stop = signal::stop()?;
    tokio::pin!(stop);
    let mut seen = HashSet::new();
    let mut list = approvals.list().await?;
    loop {
        for call in &list.unreadable {
            if seen.insert(call.key.clone()) {
                writeln!(std::io::stderr().lock(), "{}", show::unreadable(call))?;
            }
        }
        // A call that has changed is another call.
        for parked in list.pending.iter().filter(|parked| seen.insert(format!("{} {}", parked.id, parked.digest()))) {
            let decided = one(approvals, parked, by, json);
            tokio::select! {
                ended = decided => if ended? { return Ok(ExitCode::SUCCESS) },
                () = &mut stop => return Ok(ExitCode::SUCCESS),
            }
        }
        list = loop {
            tokio::select! {
                () = tokio::time::sleep(every) => {}
                () = &mut stop => return Ok(ExitCode::SUCCESS),
            }
            match approvals.list().await {
                Ok(list) => break list,
                Err(error) => terminal::error(&format!("{error}; trying again"))?,
            }
        };
    }
}

/// Shows a call, and asks about it. True if the input has ended.
async fn one(approvals: &Approvals, parked: &PendingApproval, by: Option<&str>, json: bool) -> Result<bool, Failure> {
    if json {
        writeln!(std::io::stdout().lock(), "{}", show::json(&show::WithDigest::of(parked))?)?;
        return Ok(false);
    }
    let shown = show::call(parked, DateTime::from(SystemTime::now()));
    let Some(by) = by else {
        write!(std::io::stdout().lock(), "{shown}")?;
        return Ok(false);
    };
    write!(std::io::stderr().lock(), "\n{shown}Approve? [y]es, [n]o, [l]ater: ")?;
    // What was typed before the call was shown decides nothing about it.
    terminal::discard_typed();
    match tokio::task::spawn_blocking(|| answer(std::io::stdin().lock())).await?? {
        Answer::Ended => return Ok(true),
        Answer::Later => writeln!(std::io::stderr().lock(), "it keeps waiting")?,
        // What has been shown is what is decided: a call that has changed or ended since is an error.
        Answer::Decide(decision) => match approvals.decide(parked, decision, by).await {
            Ok(()) => writeln!(std::io::stdout().lock(), "{}", show::decided(parked, decision, by))?,
            Err(error) => terminal::error(&error.to_string())?,
        },
    }
    Ok(false)
}

/// Only a yes approves and only a no denies. Everything else decides nothing.
fn answer(mut input: impl BufRead) -> std::io::Result<Answer> {
    let mut line = String::new();
    if input.read_line(&mut line)? == 0 {
        return Ok(Answer::Ended);
    }
    Ok(match line.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" => Answer::Decide(Decision::Approve),
        "n" | "no" => Answer::Decide(Decision::Deny),
        _ => Answer::Later,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_clear_answer_decides() {
        for (text, expected) in [
            ("y\n", Answer::Decide(Decision::Approve)),
            ("YES\n", Answer::Decide(Decision::Approve)),
            ("n\n", Answer::Decide(Decision::Deny)),
            ("\n", Answer::Later),
            ("yes please\n", Answer::Later),
            ("\u{1b}[Ay\n", Answer::Later),
            ("", Answer::Ended),
        ] {
            assert_eq!(answer(text.as_bytes()).unwrap(), expected, "{text:?}");
        }
    }
}
