//! Filling the tables with the program that the template names.

use std::path::Path;

use crate::{
    functions::{Current, Environment, Log, Tail, exit_reason},
    task::Task,
    template::SeedSpec,
};

/// The seed program failed.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the seed program `{binary}` failed: {reason}{}{said}", if said.is_empty() { "" } else { "\n" })]
pub struct SeedError {
    /// Its name.
    pub binary: String,
    /// How it ended.
    pub reason: String,
    /// The last lines that it wrote.
    pub said: String,
}

pub(crate) async fn run(
    seed: &SeedSpec,
    program: &Path,
    environment: &Environment,
    log: &Log,
) -> Result<(), SeedError> {
    let tail = Tail::default();
    let failed =
        |reason: String| SeedError { binary: seed.binary.clone(), reason, said: tail.take().trim_end().into() };
    let mut child = environment
        .command(program, &seed.environment)
        .spawn()
        .map_err(|error| failed(format!("it cannot be run: {error}")))?;
    let forward =
        |stream| Task::spawn(log.clone().forward(seed.binary.clone(), stream, tail.clone(), Current::default()));
    let stdout = child
        .stdout
        .take()
        .map(|stream| Task::spawn(log.clone().forward(seed.binary.clone(), stream, tail.clone(), Current::default())));
    let stderr = child.stderr.take().map(forward);
    let status = child.wait().await.map_err(|error| failed(error.to_string()))?;
    // Its last words say why it failed.
    for stream in [stdout, stderr].into_iter().flatten() {
        stream.join().await;
    }
    if status.success() { Ok(()) } else { Err(failed(exit_reason(Some(status)))) }
}
