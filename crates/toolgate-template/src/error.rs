//! Why a template is not valid. An error reports all problems together.

use std::{fmt, path::PathBuf};

use crate::problem::Problem;

/// Why a template is not valid.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// The file cannot be read.
    #[error("cannot read the template `{}`: {source}; name another with `--template`", path.display())]
    Read {
        /// The template.
        path: PathBuf,
        /// The reason.
        source: std::io::Error,
    },
    /// The file is neither YAML nor JSON.
    #[error("{}:{line}:{column}: the template is not YAML: {reason}", path.display())]
    Syntax {
        /// The template.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The column, counted from 1.
        column: usize,
        /// The reason.
        reason: String,
    },
    /// A text of `Fn::Sub` cannot be parsed.
    #[error("{}:{line}:{column}: {reason}", path.display())]
    Substitution {
        /// The template.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// The column, counted from 1.
        column: usize,
        /// The reason.
        reason: String,
    },
    /// The file is YAML but not a template.
    #[error("the template `{}` cannot be used: it has no `Resources`; name another with `--template`", path.display())]
    NoResources {
        /// The file.
        path: PathBuf,
    },
    /// The template cannot be deployed in its current form.
    #[error("the template `{}` cannot be used:{}", path.display(), Listed(.problems))]
    Problems {
        /// The template.
        path: PathBuf,
        /// All problems.
        problems: Vec<Problem>,
    },
}

struct Listed<'a>(&'a [Problem]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}
