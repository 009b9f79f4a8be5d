//! Bedrock on a laptop: agents, functions and tables from one SAM template, over the binaries that get deployed.

pub mod agents;
pub mod models;
pub mod template;
