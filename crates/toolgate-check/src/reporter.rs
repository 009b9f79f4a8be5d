//! Collects the findings of all deployments and merges equal ones.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use toolgate_template::{Position, Settings};

use crate::finding::{Finding, RuleInfo};

/// The findings so far.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    seen: BTreeMap<Key, Seen>,
    deployments: usize,
    /// The settings that all deployments share. They cannot explain a difference.
    same: Settings,
}

/// File, line, rule and message. Findings with the same key are merged.
type Key = (Arc<Path>, usize, &'static str, String);

#[derive(Debug)]
struct Seen {
    rule: RuleInfo,
    /// The settings that all deployments with this finding share.
    common: Settings,
    times: usize,
    last: usize,
}

impl Findings {
    /// The reporter of one rule in one deployment.
    pub(crate) fn reporter<'f>(&'f mut self, rule: RuleInfo, settings: &'f Settings) -> Reporter<'f> {
        Reporter { findings: self, rule, settings }
    }

    /// Starts the next deployment.
    pub(crate) fn next_deployment(&mut self, settings: &Settings) {
        self.deployments += 1;
        if self.deployments == 1 {
            self.same = settings.clone();
        }
        self.same.retain(|name, value| settings.get(name) == Some(value));
    }

    /// All findings, by file and line.
    pub(crate) fn into_list(self) -> Vec<Finding> {
        let (deployments, same) = (self.deployments, self.same);
        let finding = |((file, line, _, message), mut seen): (Key, Seen)| {
            seen.common.retain(|name, _| seen.times < deployments && !same.contains_key(name));
            Finding {
                file: file.to_path_buf(),
                line,
                rule: seen.rule.name,
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

/// Receives the findings of a rule.
#[derive(Debug)]
pub(crate) struct Reporter<'f> {
    findings: &'f mut Findings,
    rule: RuleInfo,
    settings: &'f Settings,
}

impl Reporter<'_> {
    pub(crate) fn at(&mut self, position: &Position, message: impl Into<String>) {
        let deployment = self.findings.deployments;
        let key = (position.file().clone(), position.line, self.rule.name, message.into());
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

/// Quotes names for a message, each once.
pub(crate) fn quoted<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let texts: BTreeSet<&str> = texts.into_iter().collect();
    texts.iter().map(|text| format!("`{text}`")).collect::<Vec<_>>().join(", ")
}
