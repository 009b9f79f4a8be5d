//! The scenarios of a project: the files in the folder `scenarios` beside its template.

use std::path::{Path, PathBuf};

/// The folder of a template's scenarios.
#[must_use]
pub fn scenario_folder(template: &Path) -> PathBuf {
    template.parent().unwrap_or(Path::new("")).join("scenarios")
}

/// The scenarios beside a template (`*.yaml`), sorted by name.
#[must_use]
pub fn scenarios(template: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(scenario_folder(template)).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut scenarios: Vec<PathBuf> =
        files.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")).collect();
    scenarios.sort();
    scenarios
}
