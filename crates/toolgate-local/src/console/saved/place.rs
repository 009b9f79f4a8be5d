//! The folder of a function's fixture events, by cargo's own view of the project.

use std::{
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::process::Command;
use toolgate_template::{Workspace, WorkspaceError};

use super::files::Fixture;
use crate::console::error::ApiError;

/// The time for `cargo metadata`, which reads some files.
const TIMEOUT: Duration = Duration::from_secs(30);
const EVENTS: &str = "events";

/// The folder of a function's events.
#[derive(Debug)]
pub(super) struct Place {
    /// The folder of the package, without symbolic links.
    package: PathBuf,
    /// The folder of the events in it: `events`, or `events/FUNCTION` where a package has several programs.
    events: PathBuf,
    /// The folder that shown paths are relative to.
    root: PathBuf,
}

impl Place {
    /// # Errors
    /// The function is not a program of the cargo workspace around the template.
    pub(super) async fn of(template: &Path, function: &str) -> Result<Self, ApiError> {
        let folder = template.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let workspace = workspace(folder).await?;
        let package = workspace.packages.iter().find(|package| package.programs().contains(function));
        let no_package = || {
            ApiError::invalid(format!(
                "no package of the cargo workspace at `{}` has the program `{function}`, so its events have no folder",
                folder.display()
            ))
        };
        let package = package.ok_or_else(no_package)?;
        let real = |path: &Path| std::fs::canonicalize(path).map_err(|error| unusable(path, &error));
        let own = real(package.folder())?;
        let named = Path::new(EVENTS).join(function);
        let events = match own.join(&named).is_dir() || package.programs().len() > 1 {
            true => named,
            false => PathBuf::from(EVENTS),
        };
        let root = real(folder)?;
        let root = if own.starts_with(&root) { root } else { real(&workspace.root)? };
        Ok(Self { package: own, events, root })
    }

    /// A file's path, as a person knows it.
    pub(super) fn shown(&self, file: &str) -> String {
        let path = self.package.join(&self.events).join(file);
        path.strip_prefix(&self.root).unwrap_or(&path).to_string_lossy().replace('\\', "/")
    }

    /// Whether a file, or a link of this name, is there.
    pub(super) fn has(&self, file: &str) -> bool {
        self.package.join(&self.events).join(file).symlink_metadata().is_ok()
    }

    /// Adds all files, or none.
    ///
    /// # Errors
    /// One of them exists, the folder is reached by a symbolic link, or it cannot be written.
    pub(super) fn write(&self, fixtures: &[Fixture]) -> Result<(), ApiError> {
        let folder = self.package.join(&self.events);
        self.check_links()?;
        std::fs::create_dir_all(&folder).map_err(|error| unusable(&folder, &error))?;
        self.check_links()?;
        let mut written: Vec<PathBuf> = Vec::new();
        for fixture in fixtures {
            let path = folder.join(&fixture.file);
            // It follows no link and replaces no file.
            let added = std::fs::File::create_new(&path).and_then(|mut file| {
                written.push(path.clone());
                file.write_all(fixture.text.as_bytes())
            });
            if let Err(error) = added {
                written.iter().for_each(|path| drop(std::fs::remove_file(path)));
                return Err(match error.kind() {
                    ErrorKind::AlreadyExists => {
                        let message = format!("`{}` exists; choose another name", self.shown(&fixture.file));
                        ApiError::conflict(message)
                    }
                    _ => unusable(&path, &error),
                });
            }
        }
        Ok(())
    }

    /// The folders below the package must be its own.
    fn check_links(&self) -> Result<(), ApiError> {
        let mut path = self.package.clone();
        for part in &self.events {
            path.push(part);
            if path.symlink_metadata().is_ok_and(|found| !found.is_dir()) {
                let message = format!("`{}` is not a folder of its own; tests are written to no other", path.display());
                return Err(ApiError::conflict(message));
            }
        }
        Ok(())
    }
}

fn unusable(path: &Path, error: &std::io::Error) -> ApiError {
    ApiError::failed(format!("`{}` cannot be used: {error}", path.display()))
}

async fn workspace(folder: &Path) -> Result<Workspace, ApiError> {
    let mut command = Command::from(Workspace::command(folder));
    let output = tokio::time::timeout(TIMEOUT, command.kill_on_drop(true).output()).await;
    let output =
        output.map_err(|_| ApiError::failed("`cargo metadata` does not end; run it in the project's folder"))?;
    Workspace::read(output).map_err(|error| match error {
        WorkspaceError::Project(_) => ApiError::invalid(error.to_string()),
        WorkspaceError::Cargo(_) | WorkspaceError::Metadata(_) => ApiError::failed(error.to_string()),
    })
}
