//! The parser and evaluator of SAM templates, with source positions. No other crate parses templates.
//!
//! A [`Source`] is a template before evaluation. [`read`] evaluates it for a laptop, where every name has a value, and
//! returns what `toolgate dev` runs. [`symbolic`] evaluates parts of it for one of its [`variants`], where values that
//! only a deployment has stay as `${Name}`; `toolgate check` applies its rules to the result. Both evaluate the same
//! functions in the same way, so what runs on a laptop is what is checked and deployed.
//!
//! ```
//! use std::path::Path;
//!
//! use toolgate_template::{Source, symbolic, variants};
//!
//! # fn main() -> Result<(), toolgate_template::TemplateError> {
//! let text = "
//! Parameters:
//!   Stage: {Type: String, AllowedValues: [dev, prod]}
//! Conditions:
//!   IsProd: !Equals [!Ref Stage, prod]
//! Resources:
//!   Orders:
//!     Type: AWS::DynamoDB::Table
//!     Properties: {TableName: !Sub '${Stage}-${AWS::AccountId}'}
//! ";
//! let source = Source::parse(Path::new("template.yaml"), text)?;
//! let mut names = Vec::new();
//! for settings in variants(&source) {
//!     let evaluator = symbolic(&source, &settings);
//!     let name = source.at(&["Resources", "Orders", "Properties", "TableName"]);
//!     names.extend(name.and_then(|name| evaluator.text(name)));
//! }
//! assert_eq!(names, ["dev-${AWS::AccountId}", "prod-${AWS::AccountId}"]);
//! # Ok(())
//! # }
//! ```
//!
//! [`Binaries`] finds the programs of a template's functions, and [`describe`] reads their catalogs. [`from_yaml`]
//! reads other YAML files with the same parser.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod agents;
mod approvals;
mod arn;
mod binaries;
mod constraints;
mod describe;
mod error;
mod evaluate;
mod functions;
mod gateway;
mod guardrail;
mod harness;
mod hooks;
mod identifiers;
mod include;
mod json;
mod knowledge;
mod local;
mod node;
mod outbound;
mod parameters;
mod parse;
mod pattern;
mod policies;
mod position;
mod problem;
mod prompt;
mod references;
mod resources;
mod rules;
mod schema;
mod seed;
mod source;
mod substitution;
mod suggest;
mod symbolic;
mod tables;
mod target;
mod template;
mod typed;
mod types;
mod url;
mod variants;
mod workspace;

pub use arn::{ACCOUNT, GATEWAY_URL, REGION, function_arn, guardrail_arn, guardrail_id};
pub use binaries::{Binaries, MissingBinaries};
pub use describe::{DESCRIBE_TIMEOUT, DescribeError, catalog, describe};
pub use error::TemplateError;
pub use evaluate::Evaluator;
pub use functions::has_tools;
pub use guardrail::{GuardedSpec, GuardrailEffect, GuardrailSpec, RegexSpec};
pub use include::plain;
pub use knowledge::{AgentKnowledgeBase, DataSourceSpec, KnowledgeBaseSpec};
pub use node::{Entry, Node, Tree};
pub use outbound::OutboundAuth;
pub use parse::{SyntaxError, parse};
pub use policies::{PolicyEngineSpec, PolicySpec};
pub use position::Position;
pub use problem::{Problem, ProblemKind};
pub use prompt::{Inference, PromptSpec};
pub use references::{conditions, references};
pub use source::Source;
pub use symbolic::{Settings, symbolic};
pub use template::{evaluate, evaluate_without_agents, read, read_without_agents};
pub use typed::from_yaml;
pub use types::*;
pub use url::{CorsSpec, UrlAuth, UrlSpec};
pub use variants::variants;
pub use workspace::{Package, Workspace, WorkspaceError, cargo};

/// The examples of README.md, as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
