//! Builds a project's programs with cargo.

use std::path::{Path, PathBuf};

use tokio::process::Command;
use toolgate_template::{Workspace, cargo};

use crate::failure::Failure;

/// The cargo workspace that contains a template.
#[derive(Debug)]
pub(super) struct Project {
    folder: PathBuf,
    /// The folders of its packages.
    pub(super) packages: Vec<PathBuf>,
    /// The folder of the workspace.
    pub(super) root: PathBuf,
}

impl Project {
    /// The workspace of a template; `None` if it is in none.
    ///
    /// # Errors
    /// Cargo cannot be run, or cannot read the workspace.
    pub(super) async fn of(template: &Path) -> Result<Option<Self>, Failure> {
        let folder = std::path::absolute(template)?.parent().map_or_else(PathBuf::new, Path::to_owned);
        if !folder.ancestors().any(|folder| folder.join("Cargo.toml").is_file()) {
            return Ok(None);
        }
        let output = own(Workspace::command(&folder)).output().await;
        let workspace = Workspace::read(output);
        let workspace = workspace.map_err(|error| format!("{error}; correct it, or use --no-build"))?;
        let packages = workspace.packages.iter().map(|package| package.folder().to_owned()).collect();
        Ok(Some(Self { folder, packages, root: workspace.root }))
    }

    /// Builds every program of the workspace, with cargo's own messages. False if it does not build.
    ///
    /// # Errors
    /// Cargo cannot be run.
    pub(super) async fn build(&self) -> Result<bool, Failure> {
        let arguments = ["build", "--workspace", "--bins"];
        Ok(own(cargo(&self.folder)).args(arguments).stdin(std::process::Stdio::null()).status().await?.success())
    }
}

/// If this program ends, so does cargo.
fn own(command: std::process::Command) -> Command {
    let mut command = Command::from(command);
    command.kill_on_drop(true);
    command
}
