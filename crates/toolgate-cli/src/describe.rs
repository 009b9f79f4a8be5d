//! Asks a handler for its catalog: every handler binary answers the single argument `describe`.

use std::{path::Path, process::Command};

use toolgate::Catalog;
use toolgate_local::functions::check_group;

/// Why a handler said nothing of itself.
#[derive(Debug, thiserror::Error)]
#[error("cannot run `{program} describe`: {reason}")]
pub(crate) struct DescribeError {
    program: String,
    reason: String,
}

/// The catalog of a built handler, which has to be of the group that its name says.
pub(crate) fn describe(program: &Path) -> Result<Catalog, DescribeError> {
    let failed = |reason: String| DescribeError { program: program.display().to_string(), reason };
    let output =
        Command::new(program).arg("describe").env_clear().output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(failed(format!("{}: {}", output.status, said.trim())));
    }
    let catalog: Catalog =
        serde_json::from_slice(&output.stdout).map_err(|error| failed(format!("it printed no catalog: {error}")))?;
    let binary = program.file_stem().unwrap_or_default().to_string_lossy();
    check_group(program, &binary, &catalog.group).map_err(|error| failed(error.to_string()))?;
    Ok(catalog)
}
