//! Reading a SAM template.

pub mod types;

pub use types::*;
