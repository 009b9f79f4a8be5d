//! The one list of what can keep the local agent from starting, each in words that say what to do.

use std::path::PathBuf;

use crate::{agents::AgentsError, dynamodb::DatabaseError, gateway::GatewayError, lambda::StartError, seed::SeedError};
use toolgate_models::ModelChoiceError;
use toolgate_template::{DescribeError, MissingBinaries, TemplateError};

/// Why the local agent does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LocalError {
    /// The template.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// Binaries that are not built.
    #[error(transparent)]
    Binaries(#[from] MissingBinaries),
    /// The port is taken.
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
        /// Why.
        source: std::io::Error,
    },
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The seed program.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// A function.
    #[error(transparent)]
    Function(#[from] StartError),
    /// A function's catalog.
    #[error(transparent)]
    Catalog(#[from] DescribeError),
    /// No model was chosen, and there is not just one scenario.
    #[error("the agents need a model: `{}` does not hold exactly one scenario, so choose with `--model script:FILE`, `--model bedrock:` or `--model openai:URL#MODEL`", folder.display())]
    NoModel {
        /// Where scenarios were looked for.
        folder: PathBuf,
    },
    /// The model.
    #[error(transparent)]
    Model(#[from] ModelChoiceError),
    /// The agents.
    #[error(transparent)]
    Agents(#[from] AgentsError),
    /// The gateway.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// No HTTP client can be made.
    #[error("cannot make an HTTP client: {0}")]
    Client(String),
}
