//! Bedrock on a laptop: Lambda, InvokeAgent, AgentCore's gateway and harness, and DynamoDB on one port, over the
//! deployable binaries.
//!
//! [`Local`] reads a SAM template ([`template`]), creates its tables in an embedded DynamoDB, and starts its functions
//! ([`lambda`]), its agents ([`agents`], with one of the [`models`]) and its [`gateway`]. It serves all of them on one
//! loopback port, so that one `AWS_ENDPOINT_URL` works for every client.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod agents;
mod console;
mod conversation;
mod dynamodb;
mod error;
mod faults;
pub mod gateway;
mod guardrail;
mod harness;
mod health;
mod http;
mod invoker;
mod knowledge;
pub mod lambda;
mod local;
mod model_choice;
mod programs;
mod progress;
mod ready;
mod running;
mod scenarios;
mod seed;
mod seeding;
mod server;
mod start;
mod state;
mod sync;
mod task;
mod traces;
mod turns;
mod variables;

pub use dynamodb::DatabaseError;
pub use error::LocalError;
pub use knowledge::DocumentsError;
pub use local::{DEFAULT_DATA, DEFAULT_PORT, Local};
pub use running::Running;
pub use scenarios::{scenario_folder, scenarios};
pub use seed::SeedError;
pub use toolgate_models as models;
pub use toolgate_template as template;

/// The examples of README.md, as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
