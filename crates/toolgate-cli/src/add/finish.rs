//! The steps after the files are written: format, build, schemas. Or what is left of them for a person.

use std::path::Path;

use super::{plan::Paste, project::TEMPLATE};
use toolgate_template::cargo;

use crate::{failure::Failure, schemas, terminal};

/// The commands that remain after files were written.
const COMMANDS: &str = "  cargo fmt\n  cargo build\n  toolgate schemas";

/// Builds the project and writes its schemas, unless something is left to do first.
///
/// # Errors
/// The project does not build.
pub(super) fn finish(pastes: &[Paste], builds: bool) -> Result<(), Failure> {
    for paste in pastes {
        terminal::out(&shown(paste))?;
    }
    if !pastes.is_empty() {
        terminal::out(&format!("\nnot built: paste the text above first, then run\n{COMMANDS}"))?;
        return Ok(());
    }
    if !builds {
        terminal::out(&format!("not built: run\n{COMMANDS}"))?;
        return Ok(());
    }
    terminal::err("formatting, then building")?;
    if !succeeds("fmt")? {
        terminal::err("`cargo fmt` failed, so new code is not formatted")?;
    }
    if !succeeds("build")? {
        return Err(format!(
            "the files are written, but the project does not build: correct what cargo reports, then run\n{COMMANDS}"
        )
        .into());
    }
    schemas::write(Path::new(TEMPLATE), Path::new("schemas"))
}

/// Runs a command of cargo with its own messages.
fn succeeds(command: &str) -> Result<bool, Failure> {
    let status = cargo(Path::new(".")).arg(command).stdin(std::process::Stdio::null()).status();
    Ok(status.map_err(|error| format!("cannot run `cargo`: {error}"))?.success())
}

fn shown(paste: &Paste) -> String {
    let mut text = format!("\n`{}` is as it was: {}. Paste", paste.path.display(), paste.reason);
    for (place, lines) in &paste.texts {
        text.push_str(&format!("\n\n  {place}:\n"));
        for line in lines.lines() {
            text.push_str(&format!("\n    {line}"));
        }
    }
    text
}
