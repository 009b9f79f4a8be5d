//! Watches the files of a project.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher as _, event::ModifyKind};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::build::Project;
use crate::failure::Failure;

/// An editor writes several files, and some of them twice. A change is complete after this time without another.
const QUIET: Duration = Duration::from_millis(200);

/// What has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Change {
    /// Only sources of programs: build them again.
    Sources,
    /// The template, or a file that it or the scripted model reads: start again.
    Project,
}

/// The watched files. Dropping it ends the watch.
#[derive(Debug)]
pub(super) struct Watch {
    _watcher: RecommendedWatcher,
    changed: UnboundedReceiver<Change>,
}

impl Watch {
    /// Watches the sources of a project's packages, its template, and the folders beside the template that have its
    /// schemas, scenarios and prompts.
    ///
    /// # Errors
    /// The system cannot watch more files.
    pub(super) fn start(project: &Project, template: &Path) -> Result<Self, Failure> {
        let (sender, changed) = unbounded_channel();
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            let Ok(event) = event else { return };
            if matches!(event.kind, EventKind::Access(_) | EventKind::Modify(ModifyKind::Metadata(_))) {
                return;
            }
            for change in event.paths.iter().filter_map(|path| change(path)) {
                // The receiver is gone when the command ends.
                sender.send(change).ok();
            }
        })?;
        let beside = std::path::absolute(template)?.parent().map_or_else(PathBuf::new, Path::to_owned);
        let mut folders: Vec<(PathBuf, RecursiveMode)> =
            vec![(project.root.clone(), RecursiveMode::NonRecursive), (beside.clone(), RecursiveMode::NonRecursive)];
        folders.extend(["schemas", "scenarios", "prompts"].map(|name| (beside.join(name), RecursiveMode::Recursive)));
        for package in &project.packages {
            folders.push((package.clone(), RecursiveMode::NonRecursive));
            folders.push((package.join("src"), RecursiveMode::Recursive));
        }
        folders.sort_by(|one, other| one.0.cmp(&other.0));
        folders.dedup_by(|one, other| one.0 == other.0);
        for (folder, mode) in folders.iter().filter(|(folder, _)| folder.is_dir()) {
            let failed = |error| format!("cannot watch `{}`: {error}; use --no-build", folder.display());
            watcher.watch(folder, *mode).map_err(failed)?;
        }
        Ok(Self { _watcher: watcher, changed })
    }

    /// The next change, once the files are quiet.
    pub(super) async fn next(&mut self) -> Change {
        let Some(mut change) = self.changed.recv().await else { return std::future::pending().await };
        while let Ok(Some(next)) = tokio::time::timeout(QUIET, self.changed.recv()).await {
            change = change.max(next);
        }
        change
    }
}

/// What the change of a file means. Temporary files of editors mean nothing.
fn change(path: &Path) -> Option<Change> {
    let name = path.file_name()?.to_str()?;
    if name.starts_with('.') {
        return None;
    }
    match path.extension()?.to_str()? {
        "rs" => Some(Change::Sources),
        "toml" if name == "Cargo.toml" => Some(Change::Sources),
        "yaml" | "yml" | "json" => Some(Change::Project),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_means_a_build_or_a_start_or_nothing() {
        for (path, expected) in [
            ("src/stock/mod.rs", Some(Change::Sources)),
            ("Cargo.toml", Some(Change::Sources)),
            ("template.yaml", Some(Change::Project)),
            ("schemas/stock/gateway.json", Some(Change::Project)),
            ("src/.mod.rs.swp", None),
            ("src/mod.rs~", None),
            ("samconfig.toml", None),
            ("README.md", None),
        ] {
            assert_eq!(change(Path::new(path)), expected, "{path}");
        }
    }
}
