//! Positions in a file: line and column for editors, and the path of names for readers.

use std::{cmp::Ordering, fmt, path::Path, sync::Arc};

/// A position in a YAML or JSON file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    // A single pointer keeps the position small, because every node of a tree has one.
    origin: Arc<Origin>,
}

#[derive(Debug, PartialEq, Eq)]
struct Origin {
    file: Arc<Path>,
    path: String,
}

impl Position {
    /// The start of a file.
    pub(crate) fn start(file: Arc<Path>) -> Self {
        Self { line: 1, column: 1, origin: Arc::new(Origin { file, path: String::new() }) }
    }

    /// The file.
    pub fn file(&self) -> &Arc<Path> {
        &self.origin.file
    }

    /// The path of names, such as `Resources.Orders.Properties.Timeout`. The path ends at an intrinsic function,
    /// because its parts have no names.
    pub fn path(&self) -> &str {
        &self.origin.path
    }

    /// The position for a missing member, for a message about it.
    #[must_use]
    pub fn member(&self, name: &str) -> Self {
        let separator = if self.path().is_empty() { "" } else { "." };
        self.with_path(format!("{}{separator}{name}", self.path()))
    }

    pub(crate) fn item(&self, index: usize) -> Self {
        self.with_path(format!("{}[{index}]", self.path()))
    }

    /// The same path at another line and column.
    #[must_use]
    pub fn moved(&self, line: usize, column: usize) -> Self {
        Self { line, column, origin: self.origin.clone() }
    }

    fn with_path(&self, path: String) -> Self {
        Self { origin: Arc::new(Origin { file: self.file().clone(), path }), ..*self }
    }
}

/// Positions are ordered as in the file.
impl Ord for Position {
    fn cmp(&self, other: &Self) -> Ordering {
        let key = |it: &Self| (it.line, it.column);
        self.file()
            .cmp(other.file())
            .then_with(|| key(self).cmp(&key(other)))
            .then_with(|| self.path().cmp(other.path()))
    }
}

impl PartialOrd for Position {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// `template.yaml:12:5`, a format that terminals and editors can open.
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file().display(), self.line, self.column)
    }
}
