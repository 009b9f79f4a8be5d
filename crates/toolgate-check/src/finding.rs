//! What a rule found, and where.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use serde::Serialize;

use crate::{
    document::Place,
    rules::{Rule, Severity},
    template::Settings,
};

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
    /// The parameters without which it would not be wrong, such as `AgentPlatform` = `agentcore`; empty where it always
    /// is.
    pub only_with: BTreeMap<String, String>,
}

/// Collects what the rules find in each deployment.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    seen: BTreeMap<(Place, &'static str, String), Seen>,
    deployments: usize,
    /// What is the same in all of them, and so explains nothing.
    same: Settings,
}

#[derive(Debug)]
struct Seen {
    rule: &'static Rule,
    /// What all deployments have in common in which this was found.
    common: Settings,
    times: usize,
    last: usize,
}

impl Findings {
    /// What one rule finds in one deployment goes through this.
    pub(crate) fn of<'f>(&'f mut self, rule: &'static Rule, settings: &'f Settings) -> Found<'f> {
        Found { findings: self, rule, settings }
    }

    /// Begins the next deployment.
    pub(crate) fn next_deployment(&mut self, settings: &Settings) {
        self.deployments += 1;
        if self.deployments == 1 {
            self.same = settings.clone();
        }
        self.same.retain(|name, value| settings.get(name) == Some(value));
    }

    /// Everything, by file and line.
    pub(crate) fn into_list(self) -> Vec<Finding> {
        let (deployments, same) = (self.deployments, self.same);
        let finding = |((place, name, message), mut seen): ((Place, &'static str, String), Seen)| {
            seen.common.retain(|name, _| seen.times < deployments && !same.contains_key(name));
            Finding {
                file: place.file.to_path_buf(),
                line: place.line,
                rule: name,
                severity: seen.rule.severity,
                message,
                fix: seen.rule.fix,
                source: seen.rule.source,
                only_with: seen.common,
            }
        };
        self.seen.into_iter().map(finding).collect()
    }
}

/// Where a rule puts what it finds.
#[derive(Debug)]
pub(crate) struct Found<'f> {
    findings: &'f mut Findings,
    rule: &'static Rule,
    settings: &'f Settings,
}

impl Found<'_> {
    pub(crate) fn at(&mut self, place: &Place, message: impl Into<String>) {
        let deployment = self.findings.deployments;
        let key = (place.clone(), self.rule.name, message.into());
        let seen = self.findings.seen.entry(key).or_insert_with(|| Seen {
            rule: self.rule,
            common: self.settings.clone(),
            times: 0,
            last: usize::MAX,
        });
        if seen.last != deployment {
            seen.last = deployment;
            seen.times += 1;
        }
        let settings = self.settings;
        seen.common.retain(|name, value| settings.get(name) == Some(value));
    }
}

/// The names of all that several places share, for a message.
pub(crate) fn quoted<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let texts: BTreeSet<&str> = texts.into_iter().collect();
    texts.iter().map(|text| format!("`{text}`")).collect::<Vec<_>>().join(", ")
}
