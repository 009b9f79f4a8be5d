//! Finds what AWS would reject, or what would not do what it says, before anything is deployed.
//!
//! A [`Project`] is a SAM template with the generated schemas and the handlers' catalogs. [`Project::check`] holds it
//! to every rule of [`GROUPS`] in each deployment that the template's parameters allow, and lists all findings at
//! once, each with its file and line, the page that the limit comes from, and what to do.

mod check;
mod deployment;
mod finding;
mod project;
mod reporter;
mod rule;
mod rules;

pub use finding::{Finding, Severity};
pub use project::{Project, ReadError};
pub use rule::Rule;
pub use rules::{GROUPS, RuleGroup};
