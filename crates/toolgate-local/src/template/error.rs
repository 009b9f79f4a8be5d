//! What can be wrong with a template, all of it at once.

use std::{fmt, path::PathBuf};

/// Why a template cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// The file cannot be read.
    #[error("cannot read the template `{path}`: {source}; name another with `--template`")]
    Read {
        /// The template.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// The file is no YAML.
    #[error("the template `{path}` is not YAML: {reason}")]
    Syntax {
        /// The template.
        path: PathBuf,
        /// The reason, with line and column.
        reason: String,
    },
    /// The file is YAML and says something that cannot be.
    #[error("the template `{path}` cannot be used:{}", Listed(.problems))]
    Problems {
        /// The template.
        path: PathBuf,
        /// Everything that was found.
        problems: Vec<Problem>,
    },
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Problem {
    /// The place in the template, such as `Resources.Orders.Properties.Timeout`.
    pub at: String,
    /// What is wrong there, and what to do about it.
    pub message: String,
}

struct Listed<'a>(&'a [Problem]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|problem| write!(f, "\n  {}: {}", problem.at, problem.message))
    }
}
