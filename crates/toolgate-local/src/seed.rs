//! Fills the tables with the program that the template names.

use std::{path::Path, process::Stdio};

use tokio::process::Command;

use crate::{
    lambda::{Environment, Log, Source, Tail, exit_reason},
    task::Task,
};
use toolgate_template::SeedSpec;

/// The seed program failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the seed program `{binary}` failed: {reason}{}{output}", if output.is_empty() { "" } else { "\n" })]
pub struct SeedError {
    /// Its name.
    pub binary: String,
    /// How the program ended.
    pub reason: String,
    /// The last lines of its output.
    pub output: String,
}

pub(crate) async fn run(
    seed: &SeedSpec,
    program: &Path,
    environment: &Environment,
    log: &Log,
) -> Result<(), SeedError> {
    let tail = Tail::default();
    let failed =
        |reason: String| SeedError { binary: seed.binary.clone(), reason, output: tail.take().trim_end().into() };
    let mut child =
        tied(environment, program, seed).spawn().map_err(|error| failed(format!("it cannot be run: {error}")))?;
    // The pipe closes when this function returns or this process ends, and then the program is killed.
    let _tie = child.stdin.take();
    let source = || Source { name: seed.binary.clone(), tail: tail.clone(), ..Source::default() };
    let stdout = child.stdout.take().map(|stream| Task::spawn(log.clone().forward(source(), stream)));
    let stderr = child.stderr.take().map(|stream| Task::spawn(log.clone().forward(source(), stream)));
    let status = child.wait().await.map_err(|error| failed(error.to_string()))?;
    // The last lines of output contain the reason of a failure.
    for stream in [stdout, stderr].into_iter().flatten() {
        stream.join().await;
    }
    if status.success() { Ok(()) } else { Err(failed(exit_reason(Some(status)))) }
}

/// A command that is killed when this process ends for any reason, because the pipe to its guard then closes.
#[cfg(unix)]
fn tied(environment: &Environment, program: &Path, seed: &SeedSpec) -> Command {
    const GUARD: &str = r#"
        exec 3<&0
        "$0" </dev/null 3<&- &
        program=$!
        { cat <&3; kill -9 "$program"; } >/dev/null 2>&1 &
        guard=$!
        exec 3<&-
        wait "$program"
        status=$?
        kill "$guard" 2>/dev/null
        exit "$status"
    "#;
    let mut command = environment.command(Path::new("/bin/sh"), &seed.environment);
    command.args(["-c", GUARD]).arg(program).stdin(Stdio::piped());
    command
}

#[cfg(not(unix))]
fn tied(environment: &Environment, program: &Path, seed: &SeedSpec) -> Command {
    environment.command(program, &seed.environment)
}
