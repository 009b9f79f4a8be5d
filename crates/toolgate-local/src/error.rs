//! The list of all errors that prevent the start of the local agent. Each message states what to do.

use std::path::PathBuf;

use crate::{
    agents::AgentsError, dynamodb::DatabaseError, gateway::GatewayError, knowledge::DocumentsError, lambda::StartError,
    seed::SeedError,
};
use toolgate_models::ModelChoiceError;
use toolgate_template::{DescribeError, MissingBinaries, TemplateError};

/// Why the local agent does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalError {
    /// The template cannot be read.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// Binaries are not built.
    #[error(transparent)]
    Binaries(#[from] MissingBinaries),
    /// The receiver of spans cannot be used.
    #[error(transparent)]
    Traces(#[from] toolgate_otlp::SettingsError),
    /// The port is in use.
    #[error(
        "port {port} is in use: is another `toolgate dev` running? choose a port with `--port` (0 is any free one)"
    )]
    PortInUse {
        /// The port.
        port: u16,
    },
    /// The port cannot be used.
    #[error("cannot listen on port {port}: {source}")]
    Listen {
        /// The port.
        port: u16,
        /// The reason.
        source: std::io::Error,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The seed program failed.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// A function does not start.
    #[error(transparent)]
    Function(#[from] StartError),
    /// A function's catalog cannot be read.
    #[error(transparent)]
    Catalog(#[from] DescribeError),
    /// No model is chosen, and there is not exactly one scenario.
    #[error("the agents need a model: `{}` does not hold exactly one scenario, so choose with `--model script:FILE`, `--model bedrock:` or `--model openai:URL#MODEL`", folder.display())]
    NoModel {
        /// The folder that was searched for scenarios.
        folder: PathBuf,
    },
    /// A model choice is not valid.
    #[error(transparent)]
    Model(#[from] ModelChoiceError),
    /// The agents cannot be served.
    #[error(transparent)]
    Agents(#[from] AgentsError),
    /// The gateway cannot be served.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// The documents of the knowledge bases cannot be used.
    #[error(transparent)]
    Documents(#[from] DocumentsError),
    /// The HTTP client cannot be created.
    #[error("cannot create an HTTP client: {0}")]
    Client(String),
}
