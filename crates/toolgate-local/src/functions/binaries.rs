//! Where the handlers' binaries are: the local agent runs what cargo built, and never builds by itself.

use std::path::{Path, PathBuf};

/// The folders in which binaries are looked up, in order.
#[derive(Debug, Clone)]
pub struct Binaries {
    folders: Vec<PathBuf>,
}

/// Binaries that nobody has built yet.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{} not built: run `cargo build {}` (looked in {})", subject(names), arguments(names), places(folders))]
pub struct MissingBinaries {
    /// Their names.
    pub names: Vec<String>,
    /// Where they were looked for.
    pub folders: Vec<PathBuf>,
}

impl Binaries {
    /// Beside the running executable, then in cargo's target directory for a template in this folder.
    #[must_use]
    pub fn around(template_folder: &Path) -> Self {
        let beside = std::env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_owned));
        let target = std::env::var_os("CARGO_TARGET_DIR").filter(|dir| !dir.is_empty());
        let target = target.map_or_else(|| template_folder.join("target"), PathBuf::from);
        let mut folders: Vec<PathBuf> = beside.into_iter().collect();
        for profile in ["debug", "release"] {
            let folder = target.join(profile);
            if !folders.contains(&folder) {
                folders.push(folder);
            }
        }
        Self { folders }
    }

    /// These, with a folder that comes first.
    #[must_use]
    pub fn with_first(mut self, folder: PathBuf) -> Self {
        self.folders.insert(0, folder);
        self
    }

    /// The paths of these binaries.
    ///
    /// # Errors
    /// [`MissingBinaries`] with all that do not exist.
    pub fn find_all<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Result<Vec<PathBuf>, MissingBinaries> {
        let mut found = Vec::new();
        let mut missing = Vec::new();
        for name in names {
            let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
            match self.folders.iter().map(|folder| folder.join(&file)).find(|path| path.is_file()) {
                // Absolute, since a handler's working directory is not ours.
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

    #[test]
    fn what_is_missing_is_named_with_the_command_that_builds_it() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(format!("orders{}", std::env::consts::EXE_SUFFIX)), "").unwrap();
        let binaries = Binaries::around(Path::new("nowhere")).with_first(folder.path().to_owned());
        assert_eq!(binaries.find_all(["orders"]).unwrap().len(), 1);
        let error = binaries.find_all(["orders", "nope-1", "nope-2", "nope-1"]).unwrap_err().to_string();
        let expected = "`nope-1`, `nope-2` are not built: run `cargo build --bin nope-1 --bin nope-2` (looked in ";
        assert!(error.starts_with(expected), "{error}");
    }
}
