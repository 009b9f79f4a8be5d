//! Bedrock on a laptop: Lambda, InvokeAgent, AgentCore Gateway and DynamoDB on one port, over the binaries that get deployed.
//!
//! [`Local`] reads a SAM template ([`template`]), makes its tables in an embedded DynamoDB, starts its functions
//! ([`functions`]), its agents ([`agents`], with one of the [`models`]) and its [`gateway`], and serves all of it on one
//! loopback port, so that one `AWS_ENDPOINT_URL` serves every client.

pub mod agents;
mod body;
mod connections;
mod dynamodb;
mod elsewhere;
mod error;
pub mod functions;
pub mod gateway;
mod guard;
mod health;
mod hostile;
mod lambda;
mod local;
mod page;
mod patient;
mod programs;
mod progress;
mod ready;
mod running;
mod scenarios;
mod seed;
mod server;
mod slots;
mod task;

pub use dynamodb::DatabaseError;
pub use error::LocalError;
pub use local::{DEFAULT_DATA, DEFAULT_PORT, Local};
pub use running::Running;
pub use scenarios::{scenario_folder, scenarios};
pub use seed::SeedError;
pub use toolgate_models as models;
pub use toolgate_template as template;
