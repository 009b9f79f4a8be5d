//! The digests, with the function as a process, real tables, and services that fail.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout, reason = "tests may fail loudly")]

mod days;
mod faults;
mod kit;
mod storm;

use std::path::Path;

use kit::desk::{Desk, brain};

/// The function.
fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_digest"))
}

/// A desk with one instance.
async fn desk() -> Desk {
    Desk::open(program(), 1, "5.00", brain()).await
}
