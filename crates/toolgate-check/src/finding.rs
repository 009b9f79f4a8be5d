//! Findings: violations of rules.

use std::{collections::BTreeMap, path::PathBuf};

use serde::Serialize;

/// The severity of a violation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Severity {
    /// AWS rejects it, or it does not have the intended effect.
    Error,
    /// It may be intended, but is usually a mistake.
    Warning,
}

/// The part of a rule that a finding contains.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RuleInfo {
    pub(crate) name: &'static str,
    pub(crate) source: &'static str,
    pub(crate) fix: &'static str,
    pub(crate) severity: Severity,
}

/// A violation of a rule at one position.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// The file to change.
    pub file: PathBuf,
    /// The line in the file, counted from 1.
    pub line: usize,
    /// The rule's name.
    pub rule: &'static str,
    /// The severity.
    pub severity: Severity,
    /// The problem.
    pub message: String,
    /// How to fix it.
    pub fix: &'static str,
    /// The page that documents the rule.
    pub source: &'static str,
    /// The parameters with which the violation occurs, such as `Environment` = `prod`; empty if it always occurs.
    pub only_with: BTreeMap<String, String>,
}
