//! What a rule is: what must hold, why, and the function that finds what breaks it.

use std::fmt;

use crate::{
    deployment::Deployment,
    finding::{RuleInfo, Severity},
    reporter::Reporter,
};

/// What must hold, and why.
pub struct Rule {
    /// Its name, as findings give it.
    pub name: &'static str,
    /// What must hold, in a sentence.
    pub holds: &'static str,
    /// The page that the limit comes from.
    pub source: &'static str,
    /// What to do where it is broken.
    pub fix: &'static str,
    /// How bad it is where it is broken.
    pub severity: Severity,
    pub(crate) check: fn(&Deployment<'_>, &mut Reporter<'_>),
}

impl Rule {
    /// What a finding carries of it.
    pub(crate) fn info(&self) -> RuleInfo {
        RuleInfo { name: self.name, source: self.source, fix: self.fix, severity: self.severity }
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule").field("name", &self.name).finish_non_exhaustive()
    }
}
