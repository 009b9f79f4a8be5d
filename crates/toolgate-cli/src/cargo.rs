//! Runs cargo.

use std::{path::Path, process::Command};

/// Cargo in a folder. Inside of a `cargo` command it is the same cargo.
pub(crate) fn cargo(folder: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(folder);
    command
}
