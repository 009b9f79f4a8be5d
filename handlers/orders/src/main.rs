//! The orders handler.
fn main() {}
