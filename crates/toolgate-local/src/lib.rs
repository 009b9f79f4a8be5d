<<<<<<< HEAD
//! Bedrock on a laptop: Lambda, InvokeAgent and DynamoDB on one port, over the binaries that get deployed.
//!
//! A SAM template says what there is ([`template`]).

=======
//! Bedrock on a laptop: agents, functions and tables from one SAM template, over the binaries that get deployed.

pub mod agents;
pub mod models;
>>>>>>> agents
pub mod template;
