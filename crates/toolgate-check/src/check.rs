//! Checks a project against every rule, in each deployment that the parameters of its template allow.

use toolgate_template::variants;

use crate::{deployment::Deployment, finding::Finding, project::Project, reporter::Findings, rules};

impl Project {
    /// All violations of rules, by file and line.
    pub fn check(&self) -> Vec<Finding> {
        let mut findings = Findings::default();
        for settings in variants(&self.source) {
            let deployment = Deployment::new(self, &settings);
            findings.next_deployment(&settings);
            for rule in rules::all() {
                (rule.check)(&deployment, &mut findings.reporter(rule.info(), &settings));
            }
        }
        findings.into_list()
    }
}
