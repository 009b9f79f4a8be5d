//! Cargo's own view of the workspace around a folder, by `cargo metadata`.
//!
//! Cargo takes a moment, so nothing here runs at the start of the local agent: see `target.rs` for that.

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde::Deserialize;

/// A cargo workspace.
#[derive(Debug, Clone, Deserialize)]
pub struct Workspace {
    /// Its folder.
    #[serde(rename = "workspace_root")]
    pub root: PathBuf,
    /// Its packages.
    pub packages: Vec<Package>,
}

/// A package of a workspace.
#[derive(Debug, Clone, Deserialize)]
pub struct Package {
    /// Its `Cargo.toml`.
    #[serde(rename = "manifest_path")]
    pub manifest: PathBuf,
    targets: Vec<Target>,
    dependencies: Vec<Dependency>,
}

#[derive(Debug, Clone, Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Dependency {
    name: String,
}

/// Why a workspace cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// Cargo is not there, or cannot be started.
    #[error("cannot run `cargo`: {0}")]
    Cargo(#[from] io::Error),
    /// Cargo's own message.
    #[error("cargo cannot read the project: {0}")]
    Project(String),
    /// Cargo wrote something else than expected.
    #[error("`cargo metadata`: {0}")]
    Metadata(#[from] serde_json::Error),
}

/// Cargo in a folder. Inside of a `cargo` command it is the same cargo.
#[must_use]
pub fn cargo(folder: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(folder);
    command
}

impl Workspace {
    /// The command that describes the workspace around a folder, for a caller that waits for it in its own way. Give
    /// its output to [`read`](Self::read).
    #[must_use]
    pub fn command(folder: &Path) -> Command {
        let mut command = cargo(folder);
        command.args(["metadata", "--no-deps", "--format-version", "1", "--quiet"]);
        command.stdin(std::process::Stdio::null());
        command
    }

    /// Reads the output of [`command`](Self::command).
    ///
    /// # Errors
    /// [`WorkspaceError`].
    pub fn read(output: io::Result<Output>) -> Result<Self, WorkspaceError> {
        let output = output?;
        if !output.status.success() {
            return Err(WorkspaceError::Project(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }
}

impl Package {
    /// Its folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.manifest.parent().unwrap_or(&self.manifest)
    }

    /// The names of its programs.
    #[must_use]
    pub fn programs(&self) -> BTreeSet<String> {
        self.of_kind("bin")
    }

    /// The name of its library in `Cargo.toml`, if it has one.
    #[must_use]
    pub fn library(&self) -> Option<String> {
        self.of_kind("lib").pop_first()
    }

    /// The names of the packages that it depends on.
    #[must_use]
    pub fn dependencies(&self) -> BTreeSet<String> {
        self.dependencies.iter().map(|dependency| dependency.name.clone()).collect()
    }

    fn of_kind(&self, kind: &str) -> BTreeSet<String> {
        let targets = self.targets.iter().filter(|target| target.kind.iter().any(|own| own == kind));
        targets.map(|target| target.name.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_workspace_is_read() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let workspace = Workspace::read(Workspace::command(here).output()).unwrap();
        assert_eq!(workspace.root, here.ancestors().nth(2).unwrap());
        let own = workspace.packages.iter().find(|package| package.folder() == here).unwrap();
        assert_eq!((own.library().as_deref(), own.programs()), (Some("toolgate_template"), BTreeSet::new()));
        assert!(own.dependencies().contains("serde"));
    }

    #[test]
    fn what_cargo_cannot_read_is_its_own_message() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("Cargo.toml"), "[package").unwrap();
        let error = Workspace::read(Workspace::command(folder.path()).output()).unwrap_err().to_string();
        assert!(error.starts_with("cargo cannot read the project: error: "), "{error}");
    }
}
