//! Files as trees whose every node knows its line, so that a finding can point at what to change.

mod json;
mod node;
mod parse;

pub(crate) use node::{Entry, Node, Place, Tree};
pub(crate) use parse::{SyntaxError, parse};
