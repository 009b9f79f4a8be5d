//! `Fn::Transform: AWS::Include`: generated files that `sam package` would upload are read from disk, once.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    document::{Node, parse},
    project::plain,
};

/// The files that the template includes.
#[derive(Debug, Default)]
pub(crate) struct Includes {
    folder: PathBuf,
    read: RefCell<BTreeMap<String, Result<Node, String>>>,
}

impl Includes {
    /// Relative to the template's folder.
    pub(crate) fn of(template: &Path) -> Self {
        Self { folder: template.parent().map(Path::to_owned).unwrap_or_default(), read: RefCell::default() }
    }

    pub(crate) fn read(&self, location: &str) -> Result<Node, String> {
        let mut read = self.read.borrow_mut();
        read.entry(location.to_owned()).or_insert_with(|| self.open(location)).clone()
    }

    fn open(&self, location: &str) -> Result<Node, String> {
        let path = plain(&self.folder.join(location));
        let text = std::fs::read_to_string(&path).map_err(|error| format!("`{location}` cannot be read: {error}"))?;
        parse(&Arc::from(path), &text)
            .map_err(|error| format!("`{location}` is neither JSON nor YAML: line {}: {}", error.line, error.reason))
    }
}
