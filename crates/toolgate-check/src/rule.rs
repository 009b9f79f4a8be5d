//! Rules: the requirement, its reason, and the function that finds violations.

use std::fmt;

use crate::{
    deployment::Deployment,
    finding::{RuleInfo, Severity},
    reporter::Reporter,
};

/// A requirement and its reason.
pub struct Rule {
    /// The name, which findings contain.
    pub name: &'static str,
    /// The requirement in one sentence.
    pub holds: &'static str,
    /// The page that documents the limit.
    pub source: &'static str,
    /// How to fix a violation.
    pub fix: &'static str,
    /// The severity of a violation.
    pub severity: Severity,
    pub(crate) check: fn(&Deployment<'_>, &mut Reporter<'_>),
}

impl Rule {
    /// The part that a finding contains.
    pub(crate) fn info(&self) -> RuleInfo {
        RuleInfo { name: self.name, source: self.source, fix: self.fix, severity: self.severity }
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule").field("name", &self.name).finish_non_exhaustive()
    }
}
