//! Problems of a template. Reading continues after a problem, so that all problems are reported together.

use std::{cell::RefCell, collections::BTreeSet, fmt};

use crate::position::Position;

/// One problem with its position.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Problem {
    /// The position.
    pub position: Position,
    /// The kind of the problem.
    pub kind: ProblemKind,
    /// The problem, and how to fix it.
    pub message: String,
}

/// Kinds of problems, for callers that report some of them separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ProblemKind {
    /// A file of `AWS::Include` cannot be read.
    Include,
    /// A value is missing, cannot be evaluated, or is not valid for AWS.
    Value,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.position.path();
        let separator = if path.is_empty() { "" } else { ": " };
        write!(f, "{}: {path}{separator}{}", self.position, self.message)
    }
}

/// Collects problems while a template is read.
#[derive(Debug, Default)]
pub(crate) struct Problems(RefCell<BTreeSet<Problem>>);

impl Problems {
    pub(crate) fn note(&self, position: &Position, message: impl Into<String>) {
        self.insert(position, ProblemKind::Value, message.into());
    }

    pub(crate) fn note_include(&self, position: &Position, message: impl Into<String>) {
        self.insert(position, ProblemKind::Include, message.into());
    }

    fn insert(&self, position: &Position, kind: ProblemKind, message: String) {
        self.0.borrow_mut().insert(Problem { position: position.clone(), kind, message });
    }

    /// All problems, in the order of the file.
    pub(crate) fn into_vec(self) -> Vec<Problem> {
        self.0.into_inner().into_iter().collect()
    }
}
