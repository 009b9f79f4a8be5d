//! Rules: the requirement, its reason, and the function that finds violations.

use std::fmt;

use crate::{
    deployment::Deployment,
    finding::{RuleInfo, Severity},
    reporter::Reporter,
};

/// The function that reports the violations of a rule in one deployment.
pub(crate) type Check = fn(&Deployment<'_>, &mut Reporter<'_>);

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
    pub(crate) check: Check,
}

impl Rule {
    /// A rule whose violation AWS rejects, or accepts without effect.
    pub(crate) const fn error(name: &'static str, source: &'static str, check: Check) -> Self {
        Self { name, holds: "", source, fix: "", severity: Severity::Error, check }
    }

    /// A rule whose violation may be intended.
    pub(crate) const fn warning(name: &'static str, source: &'static str, check: Check) -> Self {
        Self { severity: Severity::Warning, ..Self::error(name, source, check) }
    }

    pub(crate) const fn holds(self, holds: &'static str) -> Self {
        Self { holds, ..self }
    }

    pub(crate) const fn fix(self, fix: &'static str) -> Self {
        Self { fix, ..self }
    }

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
