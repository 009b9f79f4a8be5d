//! Builds a project's programs with cargo.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use tokio::process::Command;

use crate::{cargo, failure::Failure};

/// The cargo workspace that contains a template.
#[derive(Debug)]
pub(super) struct Project {
    folder: PathBuf,
    /// The folders of its packages.
    pub(super) packages: Vec<PathBuf>,
    /// The folder of the workspace.
    pub(super) root: PathBuf,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_root: PathBuf,
}

#[derive(Deserialize)]
struct Package {
    manifest_path: PathBuf,
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
        let arguments = ["metadata", "--no-deps", "--format-version", "1", "--quiet"];
        let output = cargo(&folder).args(arguments).stderr(std::process::Stdio::inherit()).output().await;
        let output = output.map_err(|error| format!("cannot run `cargo`: {error}; without it, use --no-build"))?;
        if !output.status.success() {
            return Err("`cargo metadata` failed; correct what it reports, or use --no-build".into());
        }
        let metadata: Metadata = serde_json::from_slice(&output.stdout)?;
        let packages =
            metadata.packages.iter().filter_map(|package| package.manifest_path.parent().map(Path::to_owned));
        Ok(Some(Self { folder, packages: packages.collect(), root: metadata.workspace_root }))
    }

    /// Builds every program of the workspace, with cargo's own messages. False if it does not build.
    ///
    /// # Errors
    /// Cargo cannot be run.
    pub(super) async fn build(&self) -> Result<bool, Failure> {
        let arguments = ["build", "--workspace", "--bins"];
        Ok(cargo(&self.folder).args(arguments).stdin(std::process::Stdio::null()).status().await?.success())
    }
}

fn cargo(folder: &Path) -> Command {
    let mut command = Command::from(cargo::cargo(folder));
    // If the command ends, so does the build.
    command.kill_on_drop(true);
    command
}
