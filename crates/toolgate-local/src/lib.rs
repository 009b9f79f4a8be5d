//! Bedrock on a laptop: Lambda, InvokeAgent and DynamoDB on one port, over the binaries that get deployed.
//!
//! A SAM template says what there is ([`template`]).

pub mod template;
