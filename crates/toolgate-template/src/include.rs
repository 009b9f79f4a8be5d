//! `Fn::Transform: AWS::Include`: reads generated files, which `sam package` would upload, from disk, each once.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    io::ErrorKind,
    path::{Component, Path, PathBuf},
    rc::Rc,
    sync::Arc,
};

use crate::{node::Node, parse::parse, substitution::unclosed};

/// The files that a template includes.
#[derive(Debug, Default)]
pub(crate) struct Includes {
    folder: PathBuf,
    read: RefCell<BTreeMap<String, Result<Rc<Node>, String>>>,
}

impl Includes {
    /// Relative to the template's folder.
    pub(crate) fn of(template: &Path) -> Self {
        Self { folder: template.parent().map(Path::to_owned).unwrap_or_default(), read: RefCell::default() }
    }

    /// The content of a file.
    ///
    /// # Errors
    /// Why it cannot be used, as a message for the user.
    pub(crate) fn read(&self, location: &str) -> Result<Rc<Node>, String> {
        let mut read = self.read.borrow_mut();
        read.entry(location.to_owned()).or_insert_with(|| self.open(location).map(Rc::new)).clone()
    }

    fn open(&self, location: &str) -> Result<Node, String> {
        let path = plain(&self.folder.join(location));
        let text = std::fs::read_to_string(&path).map_err(|error| {
            if error.kind() != ErrorKind::NotFound {
                return format!("cannot read the file `{location}`: {error}");
            }
            let help = if location.contains("schemas/") { ": `toolgate schemas` writes it" } else { "" };
            format!("the file `{location}` does not exist{help}")
        })?;
        let node = parse(&Arc::from(path), &text)
            .map_err(|error| format!("the file `{location}` is neither JSON nor YAML: {error}"))?;
        match unclosed(&node) {
            Some(error) => Err(format!("the file `{location}` cannot be used: {error}")),
            None => Ok(node),
        }
    }
}

/// A path without `./`, so that a file has only one name.
pub fn plain(path: &Path) -> PathBuf {
    path.components().filter(|part| !matches!(part, Component::CurDir)).collect()
}
