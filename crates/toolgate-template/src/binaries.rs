//! Finds the handlers' binaries. Cargo has built them; this crate builds nothing.
//!
//! Only the template's own target folder is searched. Files beside the `toolgate` command, or in another project's
//! target folder, may have the same name and be other programs.

use std::path::{Path, PathBuf};

use crate::target::Target;

/// The folders that are searched for binaries, in order.
#[derive(Debug, Clone)]
pub struct Binaries {
    folders: Vec<PathBuf>,
}

/// Binaries that are not built yet.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{} not built: run `cargo build {}` (looked in {})", subject(names), arguments(names), places(folders))]
pub struct MissingBinaries {
    /// The names of the binaries.
    pub names: Vec<String>,
    /// The folders that were searched.
    pub folders: Vec<PathBuf>,
}

impl Binaries {
    /// Uses cargo's target folder of the workspace that contains the template. For a template outside of any workspace,
    /// uses the workspace of the current directory. The profile of the running executable comes first.
    #[must_use]
    pub fn around(template_folder: &Path) -> Self {
        let target = Target::of(template_folder).or_else(|| Target::of(Path::new(".")));
        let target = target.map_or_else(|| template_folder.join("target"), |target| target.folder);
        let beside = std::env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_owned));
        Self::within(&target, beside)
    }

    fn within(target: &Path, beside: Option<PathBuf>) -> Self {
        let plain = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let mut folders: Vec<PathBuf> =
            beside.into_iter().filter(|beside| plain(beside).starts_with(plain(target))).collect();
        for profile in ["debug", "release"] {
            let folder = target.join(profile);
            if !folders.iter().any(|known| plain(known) == plain(&folder)) {
                folders.push(folder);
            }
        }
        Self { folders }
    }

    /// Adds a folder that is searched first.
    #[must_use]
    pub fn with_first(mut self, folder: PathBuf) -> Self {
        self.folders.insert(0, folder);
        self
    }

    /// The paths of these binaries.
    ///
    /// # Errors
    /// [`MissingBinaries`] with all binaries that do not exist.
    pub fn find_all<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Result<Vec<PathBuf>, MissingBinaries> {
        let mut found = Vec::new();
        let mut missing = Vec::new();
        for name in names {
            let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
            match self.folders.iter().map(|folder| folder.join(&file)).find(|path| path.is_file()) {
                // Absolute, because a handler has another working directory.
                Some(path) => found.push(std::path::absolute(&path).unwrap_or(path)),
                None if missing.iter().any(|other| other == name) => {}
                None => missing.push(name.to_owned()),
            }
        }
        if missing.is_empty() {
            Ok(found)
        } else {
            Err(MissingBinaries { names: missing, folders: self.folders.clone() })
        }
    }
}

fn subject(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("{} {}", quoted.join(", "), if names.len() == 1 { "is" } else { "are" })
}

fn arguments(names: &[String]) -> String {
    let arguments: Vec<String> = names.iter().map(|name| format!("--bin {name}")).collect();
    arguments.join(" ")
}

fn places(folders: &[PathBuf]) -> String {
    let quoted: Vec<String> = folders.iter().map(|folder| format!("`{}`", folder.display())).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(folder: &Path, name: &str) -> PathBuf {
        std::fs::create_dir_all(folder).unwrap();
        let path = folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        std::fs::write(&path, "").unwrap();
        path
    }

    #[test]
    fn what_is_missing_is_named_with_the_command_that_builds_it() {
        let folder = tempfile::tempdir().unwrap();
        program(folder.path(), "orders");
        let binaries = Binaries::around(Path::new("nowhere")).with_first(folder.path().to_owned());
        assert_eq!(binaries.find_all(["orders"]).unwrap().len(), 1);
        let error = binaries.find_all(["orders", "nope-1", "nope-2", "nope-1"]).unwrap_err().to_string();
        let expected = "`nope-1`, `nope-2` are not built: run `cargo build --bin nope-1 --bin nope-2` (looked in ";
        assert!(error.starts_with(expected), "{error}");
    }

    #[test]
    fn what_lies_beside_the_command_of_another_project_is_never_run() {
        let (own, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let target = own.path().join("target");
        let beside = other.path().join("target/debug");
        program(&beside, "orders");
        let binaries = Binaries::within(&target, Some(beside));
        let error = binaries.find_all(["orders"]).unwrap_err();
        assert!(error.folders.iter().all(|folder| folder.starts_with(&target)), "{error}");
        let right = program(&target.join("release"), "orders");
        assert_eq!(binaries.find_all(["orders"]).unwrap(), [right]);
    }

    #[test]
    fn the_profile_of_the_command_itself_comes_first() {
        let own = tempfile::tempdir().unwrap();
        let target = own.path().join("target");
        program(&target.join("debug"), "orders");
        let ours = program(&target.join("release"), "orders");
        let binaries = Binaries::within(&target, Some(target.join("release")));
        assert_eq!(binaries.find_all(["orders"]).unwrap(), [ours]);
    }
}
