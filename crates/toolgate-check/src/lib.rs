//! Finds problems before a deployment: what AWS would reject, and what would not have the intended effect.
//!
//! A [`Project`] is a SAM template with the generated schemas and the handlers' catalogs. [`Project::check`] applies
//! every rule of [`GROUPS`] in each deployment that the template's parameters allow. It returns all findings together,
//! each with its file and line, the page that documents the limit, and the fix.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod check;
mod deployment;
mod endpoints;
mod finding;
pub mod limits;
mod project;
mod reporter;
mod rule;
mod rules;

pub use finding::{Finding, Severity};
pub use project::{Project, ReadError};
pub use rule::Rule;
pub use rules::{GROUPS, RuleGroup};

/// The examples of README.md, as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
