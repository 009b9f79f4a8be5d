//! Verifies bearer tokens with keys from a file, as a gateway's `CUSTOM_JWT` authorizer does with the keys of a
//! discovery URL. <https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/inbound-jwt-authorizer.html>

mod claims;
mod keys;
mod ring;

pub use claims::{Expected, TokenError};
pub use keys::{KeyError, TokenKeys};
