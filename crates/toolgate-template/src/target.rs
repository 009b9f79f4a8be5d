//! Finds cargo's target folder of a project without running cargo, which would delay the start.

use std::path::{Path, PathBuf};

/// The target folder of the workspace that contains a folder.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) folder: PathBuf,
}

impl Target {
    /// `CARGO_TARGET_DIR`, then `build.target-dir` of cargo's configuration, then `target` in the workspace's root.
    /// `None` if the folder is not in a Cargo project.
    pub(crate) fn of(folder: &Path) -> Option<Self> {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let set = variable("CARGO_TARGET_DIR").or_else(|| variable("CARGO_BUILD_TARGET_DIR"));
        let home = variable("CARGO_HOME").or_else(|| Some(variable("HOME")?.join(".cargo")));
        Self::find(folder, set, home.as_deref())
    }

    fn find(folder: &Path, set: Option<PathBuf>, cargo_home: Option<&Path>) -> Option<Self> {
        let folder = std::path::absolute(if folder.as_os_str().is_empty() { Path::new(".") } else { folder }).ok()?;
        // Cargo also resolves symbolic links before it searches for the project.
        let folder = std::fs::canonicalize(&folder).unwrap_or(folder);
        let projects = folder.ancestors().filter(|folder| folder.join("Cargo.toml").is_file());
        let projects: Vec<&Path> = projects.collect();
        let is_workspace = |folder: &&&Path| has_table(&folder.join("Cargo.toml"), "workspace");
        let root = projects.iter().find(is_workspace).or(projects.first())?.to_path_buf();
        let configured = || {
            let folders = root.ancestors().map(|folder| folder.join(".cargo"));
            let mut folders: Vec<PathBuf> = folders.collect();
            folders.extend(cargo_home.map(Path::to_owned));
            folders.iter().find_map(|folder| {
                let configured_dir =
                    ["config.toml", "config"].iter().find_map(|file| target_dir(&folder.join(file)))?;
                // A path in a configuration file is relative to the folder that contains `.cargo`.
                Some(folder.parent().unwrap_or(folder).join(configured_dir))
            })
        };
        let target = match set {
            Some(set) => std::path::absolute(&set).unwrap_or(set),
            None => configured().unwrap_or_else(|| root.join("target")),
        };
        Some(Self { folder: target })
    }
}

/// Whether a TOML file has a table with this name.
fn has_table(file: &Path, name: &str) -> bool {
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let tables = text.lines().filter_map(|line| line.trim().strip_prefix('[')?.split(']').next());
    tables.map(str::trim).any(|table| table == name || table.starts_with(&format!("{name}.")))
}

/// `build.target-dir` in a configuration file.
fn target_dir(file: &Path) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let mut table = "";
    text.lines().map(str::trim).find_map(|line| {
        if let Some(header) = line.strip_prefix('[') {
            table = header.split(']').next().unwrap_or_default().trim();
            return None;
        }
        let (key, value) = line.split_once('=')?;
        let key = key.trim();
        let is_it = (table == "build" && key == "target-dir") || (table.is_empty() && key == "build.target-dir");
        let value = value.trim();
        let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
        is_it.then(|| value.trim_start_matches(quote).split(quote).next().map(str::to_owned)).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    fn found(project: &tempfile::TempDir, within: &str, set: Option<&str>) -> Option<PathBuf> {
        let target = Target::find(&project.path().join(within), set.map(PathBuf::from), None)?;
        let root = project.path().canonicalize().unwrap();
        Some(target.folder.strip_prefix(&root).map(Path::to_owned).unwrap_or(target.folder))
    }

    #[test]
    fn the_workspace_of_the_template_has_the_target() {
        let member = project(&[
            ("Cargo.toml", "[workspace]\nmembers = [\"desk\"]\n"),
            ("desk/Cargo.toml", "[package]\nname = \"desk\"\n"),
            ("desk/sam/template.yaml", ""),
        ]);
        for within in ["", "desk", "desk/sam"] {
            assert_eq!(found(&member, within, None), Some("target".into()), "{within}");
        }
        let alone = project(&[("Cargo.toml", "[package]\nname = \"x\"\n"), ("sam/template.yaml", "")]);
        assert_eq!(found(&alone, "sam", None), Some("target".into()));
        assert_eq!(found(&alone, "sam", Some("/elsewhere")), Some("/elsewhere".into()));
    }

    #[test]
    fn cargos_own_configuration_counts() {
        let of = |text: &str| {
            let files = [("Cargo.toml", "[package]\n"), (".cargo/config.toml", text)];
            found(&project(&files), "", None).unwrap()
        };
        assert_eq!(of("[build]\ntarget-dir = \"out\" # here\n"), PathBuf::from("out"));
        assert_eq!(of("build.target-dir = '/abs/out'\n"), PathBuf::from("/abs/out"));
        assert_eq!(of("[term]\ntarget-dir = \"out\"\n"), PathBuf::from("target"));
    }

    #[test]
    fn a_folder_without_a_project_has_none() {
        // A temporary folder could be inside of a project, but is not in this test.
        assert!(found(&project(&[("template.yaml", "")]), "", None).is_none());
    }
}
