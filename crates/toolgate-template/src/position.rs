//! Where something stands in a file: the line and column for an editor, and the path of names for a reader.

use std::{cmp::Ordering, fmt, path::Path, sync::Arc};

/// A place in a YAML or JSON file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Position {
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    // one pointer, since every node of a tree has a position
    origin: Arc<Origin>,
}

#[derive(Debug, PartialEq, Eq)]
struct Origin {
    file: Arc<Path>,
    path: String,
}

impl Position {
    /// The begin of a file.
    pub(crate) fn start(file: Arc<Path>) -> Self {
        Self { line: 1, column: 1, origin: Arc::new(Origin { file, path: String::new() }) }
    }

    /// The file.
    pub fn file(&self) -> &Arc<Path> {
        &self.origin.file
    }

    /// The names that lead there, such as `Resources.Orders.Properties.Timeout`. The path ends at an intrinsic function:
    /// what stands inside of one has no name of its own.
    pub fn path(&self) -> &str {
        &self.origin.path
    }

    /// The position of a member that is not written, for a message that it is missing.
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

/// In the order of the file.
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

/// `template.yaml:12:5`, which terminals and editors open.
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file().display(), self.line, self.column)
    }
}
