//! Who a bearer token speaks of, by keys from a file: what a gateway's `CUSTOM_JWT` authoriser does with the keys of a
//! discovery URL. <https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/inbound-jwt-authorizer.html>

mod claims;
mod keys;
mod ring;

pub use claims::{Expected, TokenError};
pub use keys::{KeyError, TokenKeys};
