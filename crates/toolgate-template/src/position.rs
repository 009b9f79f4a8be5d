//! Where something stands in a file: the line and column for an editor, and the path of names for a reader.

use std::{fmt, path::Path, sync::Arc};

/// A place in a YAML or JSON file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The file.
    pub file: Arc<Path>,
    /// The line, counted from 1.
    pub line: usize,
    /// The column in characters, counted from 1.
    pub column: usize,
    /// The names that lead there, such as `Resources.Orders.Properties.Timeout`. It ends at an intrinsic function: what
    /// stands inside of one has no name of its own.
    pub path: Arc<str>,
}

impl Position {
    /// The position of a member that is not written, for a message that it is missing.
    #[must_use]
    pub fn member(&self, name: &str) -> Self {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        Self { path: path.into(), ..self.clone() }
    }
}

/// `template.yaml:12:5`, which terminals and editors open.
impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file.display(), self.line, self.column)
    }
}
