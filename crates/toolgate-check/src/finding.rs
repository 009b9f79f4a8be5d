//! A place that breaks a rule.

use std::{collections::BTreeMap, path::PathBuf};

use serde::Serialize;

/// How bad it is where a rule does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Severity {
    /// AWS refuses it, or it does not do what it says.
    Error,
    /// It may be meant, and is a mistake more often than not.
    Warning,
}

/// What a finding carries of its rule.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RuleInfo {
    pub(crate) name: &'static str,
    pub(crate) source: &'static str,
    pub(crate) fix: &'static str,
    pub(crate) severity: Severity,
}

/// One place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// The file to change.
    pub file: PathBuf,
    /// The line in it, counted from 1.
    pub line: usize,
    /// The rule's name.
    pub rule: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong there.
    pub message: String,
    /// What to do about it.
    pub fix: &'static str,
    /// The page that the rule comes from.
    pub source: &'static str,
    /// The parameters without which it would not be wrong, such as `Environment` = `prod`; empty where it always is.
    pub only_with: BTreeMap<String, String>,
}
