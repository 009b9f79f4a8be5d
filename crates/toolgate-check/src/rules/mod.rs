//! The rules, as data: each says where its limit comes from and what to do, and has one small function that finds what
//! breaks it. One file per family.

mod accounts;
mod agents;
mod alarms;
mod aliases;
mod callers;
mod functions;
mod gateway;
mod harness;
mod names;
mod openapi;
mod permissions;
mod policies;
mod source;
mod tables;
mod tools;
mod wires;

use std::fmt;

use serde::Serialize;

use crate::{finding::Found, view::View};

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
    pub(crate) check: fn(&View<'_>, &mut Found<'_>),
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A file of rules, and what they are about.
#[derive(Debug)]
#[non_exhaustive]
pub struct Family {
    /// What its rules are about.
    pub title: &'static str,
    /// Its rules.
    pub rules: &'static [Rule],
}

/// Every rule, by family.
pub const FAMILIES: &[Family] = &[
    Family { title: "Names and lengths", rules: names::RULES },
    Family { title: "Functions and action groups", rules: functions::RULES },
    Family { title: "OpenAPI", rules: openapi::RULES },
    Family { title: "Tools in code and in the template", rules: tools::RULES },
    Family { title: "Agents", rules: agents::RULES },
    Family { title: "Aliases and versions", rules: aliases::RULES },
    Family { title: "Names in an account", rules: accounts::RULES },
    Family { title: "Tables", rules: tables::RULES },
    Family { title: "Alarms", rules: alarms::RULES },
    Family { title: "Permissions", rules: permissions::RULES },
    Family { title: "AgentCore Gateway", rules: gateway::RULES },
    Family { title: "Callers of a gateway", rules: callers::RULES },
    Family { title: "Models and harnesses", rules: harness::RULES },
    Family { title: "Cedar policies", rules: policies::RULES },
    Family { title: "Wires", rules: wires::RULES },
];

pub(crate) fn all() -> impl Iterator<Item = &'static Rule> {
    FAMILIES.iter().flat_map(|family| family.rules)
}
