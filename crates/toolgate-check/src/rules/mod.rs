//! The rules as data. Each has the source of its limit, the fix, and a small function that finds violations. One file
//! per group.

mod accounts;
mod agents;
mod alarms;
mod aliases;
mod callers;
mod functions;
mod gateway;
mod harness;
mod knowledge;
mod mcp;
mod names;
mod openapi;
mod permissions;
mod policies;
mod source;
mod tables;
mod tools;
mod wires;

use crate::rule::Rule;

/// A file of rules with its subject.
#[derive(Debug)]
#[non_exhaustive]
pub struct RuleGroup {
    /// The subject of its rules.
    pub title: &'static str,
    /// Its rules.
    pub rules: &'static [Rule],
}

/// Every rule, by group.
pub const GROUPS: &[RuleGroup] = &[
    RuleGroup { title: "Names and lengths", rules: names::RULES },
    RuleGroup { title: "Functions and action groups", rules: functions::RULES },
    RuleGroup { title: "OpenAPI", rules: openapi::RULES },
    RuleGroup { title: "Tools in code and in the template", rules: tools::RULES },
    RuleGroup { title: "Agents", rules: agents::RULES },
    RuleGroup { title: "Aliases and versions", rules: aliases::RULES },
    RuleGroup { title: "Names in an account", rules: accounts::RULES },
    RuleGroup { title: "Tables", rules: tables::RULES },
    RuleGroup { title: "Alarms", rules: alarms::RULES },
    RuleGroup { title: "Permissions", rules: permissions::RULES },
    RuleGroup { title: "AgentCore Gateway", rules: gateway::RULES },
    RuleGroup { title: "Callers of a gateway", rules: callers::RULES },
    RuleGroup { title: "Models and harnesses", rules: harness::RULES },
    RuleGroup { title: "Cedar policies", rules: policies::RULES },
    RuleGroup { title: "Knowledge bases", rules: knowledge::RULES },
    RuleGroup { title: "Wires", rules: wires::RULES },
    RuleGroup { title: "MCP without a gateway", rules: mcp::RULES },
];

pub(crate) fn all() -> impl Iterator<Item = &'static Rule> {
    GROUPS.iter().flat_map(|group| group.rules)
}
