//! An agent over the AWS SDK, or a harness: where it is, one turn with it, and what that turn showed and cost.
//!
//! `toolgate chat` and `toolgate play` both build on this.

pub(crate) mod client;
pub(crate) mod costs;
pub(crate) mod deployed;
mod harness;
mod harness_error;
mod harness_stream;
pub(crate) mod peer;
mod question;
mod raw;
mod signer;
pub(crate) mod timeline;
pub(crate) mod turn;

pub(crate) use question::question;
