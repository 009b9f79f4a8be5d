//! Verifies bearer tokens with public keys, as a gateway's `CUSTOM_JWT` authorizer and the JWT authorizer of an HTTP API
//! do with the keys of a discovery URL.
//! <https://docs.aws.amazon.com/bedrock-agentcore/latest/devguide/inbound-jwt-authorizer.html>

#![cfg_attr(docsrs, feature(doc_cfg))]

mod claims;
mod keys;
mod ring;

pub use claims::{Expected, TokenError};
pub use keys::{KeyError, TokenKeys};

/// The examples of README.md, as tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
